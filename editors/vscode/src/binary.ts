// Where the `nnrun` program is.

import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { delimiter, isAbsolute, join, resolve } from "node:path";

/** What the search needs to know of the machine. */
export interface Machine {
  home: string;
  /** The value of `PATH`. */
  searchPath: string;
  windows: boolean;
  /** The folder that is open in the editor, where there is one. */
  folder: string | undefined;
}

/** The files that `setting` may mean, the likeliest first. */
export function candidates(setting: string, machine: Machine): string[] {
  const written = setting.trim() === "" ? "nnrun" : setting.trim();
  const named = expand(written, machine);
  const endings = machine.windows && !/\.exe$/i.test(named) ? [".exe", ""] : [""];
  const withEndings = (path: string): string[] => endings.map((ending) => path + ending);

  if (isAbsolute(named)) return withEndings(named);
  // A name with a slash is a path from the open folder; a bare one is looked for as a shell would.
  if (/[/\\]/.test(named)) return withEndings(resolve(machine.folder ?? machine.home, named));
  const folders = machine.searchPath.split(delimiter).filter((folder) => folder !== "");
  // An editor that was not started from a shell often lacks the folder into which `cargo install` puts programs.
  const cargo = join(machine.home, ".cargo", "bin");
  return [...new Set([...folders, cargo])].flatMap((folder) => withEndings(join(folder, named)));
}

/** The first of the candidates that is there and may be executed. */
export async function find(setting: string, machine: Machine): Promise<string | undefined> {
  for (const candidate of candidates(setting, machine)) {
    if (await isProgram(candidate)) return candidate;
  }
  return undefined;
}

function expand(written: string, machine: Machine): string {
  return written
    .replace(/^~(?=[/\\]|$)/, () => machine.home)
    .replace(/\$\{workspaceFolder\}/g, () => machine.folder ?? "")
    .replace(/\$\{userHome\}/g, () => machine.home);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
