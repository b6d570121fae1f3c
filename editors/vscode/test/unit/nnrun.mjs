// The nnrun program that the tests run: $NNRUN, else what was built in this repository.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../../", import.meta.url));

const built = ["release", "debug"].map((profile) => `${repository}target/${profile}/nnrun`);
const found = [process.env.NNRUN, ...built].find((path) => path !== undefined && existsSync(path));

/** Why tests that need the program cannot run, or false where they can. */
export const missing = found === undefined && "SKIPPED: nnrun is not built (cargo build --release, or set NNRUN)";

export const nnrun = found;

/** Runs it in a folder and gives what it printed. */
export function run(folder, ...words) {
  const { status, stdout, stderr, error } = spawnSync(found, words, { cwd: folder, encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, stderr };
}
