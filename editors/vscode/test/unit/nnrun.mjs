// The nnrun program that the tests run: $NNRUN, else what was built last in this repository.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../../", import.meta.url));

const built = ["release", "debug"]
  .map((profile) => `${repository}target/${profile}/nnrun`)
  .filter((path) => existsSync(path))
  .sort((one, other) => statSync(other).mtimeMs - statSync(one).mtimeMs);
const found = process.env.NNRUN || built[0];

/** Why tests that need the program cannot run, or false where they can. */
export const missing = found === undefined && "SKIPPED: nnrun is not built (cargo build --release, or set NNRUN)";

export const nnrun = found;

/** Runs it in a folder and gives what it printed. */
export function run(folder, ...words) {
  const { status, stdout, stderr, error } = spawnSync(found, words, { cwd: folder, encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, stderr };
}
