// The `nnrun` program: finding it, asking it, and saying so where it is not there.

import { execFile } from "node:child_process";
import { homedir } from "node:os";
import * as vscode from "vscode";
import * as binary from "./binary";
import * as settings from "./settings";

/** What the program printed and how it ended. */
export interface Answer {
  status: number;
  output: string;
  errors: string;
}

/** The path of the program for a file, or nothing where it is not installed. */
export function find(scope?: vscode.Uri): Promise<string | undefined> {
  const folder = scope === undefined ? undefined : vscode.workspace.getWorkspaceFolder(scope);
  return binary.find(settings.path(scope), {
    home: homedir(),
    searchPath: process.env.PATH ?? "",
    windows: process.platform === "win32",
    folder: (folder ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath,
  });
}

/** Like `find`, and tells the user what to do where there is none. */
export async function findOrTell(scope?: vscode.Uri): Promise<string | undefined> {
  const found = await find(scope);
  if (found === undefined) void tellMissing(scope);
  return found;
}

/** Runs the program to its end. */
export function ask(program: string, words: string[], folder?: string): Promise<Answer> {
  const options = { cwd: folder, timeout: 20_000, maxBuffer: 32 * 1024 * 1024, windowsHide: true };
  return new Promise((resolve, reject) => {
    execFile(program, words, options, (error, output, errors) => {
      if (error !== null && typeof error.code !== "number") reject(error);
      else resolve({ status: typeof error?.code === "number" ? error.code : 0, output, errors });
    });
  });
}

let telling = false;

/** Says that the program was not found; once at a time, however many parts of the extension miss it. */
export async function tellMissing(scope?: vscode.Uri): Promise<void> {
  if (telling) return;
  telling = true;
  try {
    const setPath = "Set Path…";
    const install = "How to Install";
    const answer = await vscode.window.showErrorMessage(
      `nnrun was not found: the setting nnrun.path is "${settings.path(scope)}". Install it with ` +
        "`cargo install --path .` in its repository, or say where it is.",
      setPath,
      install,
    );
    if (answer === setPath) await choosePath();
    if (answer === install) {
      await vscode.env.openExternal(vscode.Uri.parse("https://github.com/nnrun/nnrun#readme"));
    }
  } finally {
    telling = false;
  }
}

/** Lets the user pick the program and remembers it. */
export async function choosePath(): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    title: "Where is nnrun?",
    openLabel: "Use This Program",
    canSelectMany: false,
  });
  const file = picked?.[0];
  // The server restarts because the setting has changed.
  if (file !== undefined) await settings.setPath(file.fsPath);
}
