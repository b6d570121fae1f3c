// `npm run test:e2e`: the extension in a real VS Code. `--install` (or CI=true) installs the tools that are missing.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { missing as noProgram } from "../unit/nnrun.mjs";
import { findTools, installTools } from "./tools.mjs";

const root = fileURLToPath(new URL("../../", import.meta.url));

function skip(reason) {
  console.log(`\n*** SKIPPED: the tests in a real VS Code did not run: ${reason} ***\n`);
  process.exit(0);
}

if (noProgram) skip(noProgram.replace("SKIPPED: ", ""));
if (process.env.CI === "true" || process.argv.includes("--install")) {
  await installTools().catch((error) => {
    console.log(error);
    // Where everything is said to be there, a tool that cannot be had is a failure of the network, not of the extension.
    skip(`the tools cannot be installed: ${error.message}`);
  });
}
const { missing } = findTools();
if (missing.length > 0) skip(`missing ${missing.join(", ")} (npm run test:e2e -- --install gets them)`);
if (!existsSync(`${root}nnrun.vsix`)) {
  console.log("nnrun.vsix is not there: run `npm run package` first");
  process.exit(1);
}
const words = ["--test", "--test-reporter=spec", "test/e2e/editor.test.mjs"];
process.exit(spawnSync(process.execPath, words, { cwd: root, stdio: "inherit" }).status ?? 1);
