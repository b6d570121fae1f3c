// A code-server with nothing in it but the extension, on a workspace that is a copy of the examples.
import { spawn, spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { nnrun, repository } from "../unit/nnrun.mjs";

const SETTINGS = {
  "breadcrumbs.enabled": false,
  "chat.disableAIFeatures": true,
  "editor.cursorBlinking": "solid",
  "editor.fontFamily": "'DejaVu Sans Mono', monospace",
  "editor.fontSize": 14,
  "editor.hover.delay": 200,
  "editor.inlayHints.padding": true,
  "editor.lightbulb.enabled": "onCode",
  "editor.minimap.enabled": false,
  "editor.renderLineHighlight": "gutter",
  "editor.scrollbar.vertical": "hidden",
  "editor.stickyScroll.enabled": false,
  "extensions.ignoreRecommendations": true,
  "files.autoSave": "off",
  "security.workspace.trust.enabled": false,
  "telemetry.telemetryLevel": "off",
  // So that what it shows is text in the page.
  "terminal.integrated.gpuAcceleration": "off",
  "update.mode": "none",
  "window.commandCenter": false,
  "window.menuBarVisibility": "hidden",
  "window.restoreWindows": "none",
  "workbench.activityBar.location": "hidden",
  "workbench.colorTheme": "Default Light Modern",
  "workbench.editor.empty.hint": "hidden",
  "workbench.layoutControl.enabled": false,
  "workbench.navigationControl.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "workbench.startupEditor": "none",
  "workbench.tips.enabled": false,
  "workbench.welcomePage.walkthroughs.openOnInstall": false,
};

async function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Starts the server; `settings` are added to those above, `files` (name → text) to the workspace. */
export async function startServer({ tools, vsix, program = nnrun, settings = {}, files = {} }) {
  const home = await mkdtemp(join(tmpdir(), "nnrun-e2e-"));
  const workspace = join(home, "networks");
  const userData = join(home, "user-data");
  await mkdir(join(userData, "User"), { recursive: true });
  await mkdir(workspace);
  const examples = join(repository, "examples");
  for (const name of await readdir(examples)) {
    if (name.endsWith(".nn")) await cp(join(examples, name), join(workspace, name));
  }
  await cp(join(examples, "data"), join(workspace, "data"), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(workspace, name), text);
  await writeFile(join(userData, "User", "settings.json"), JSON.stringify({ ...SETTINGS, ...settings }, null, 2));
  await mkdir(join(workspace, ".vscode"));
  /** Changes the settings of the workspace; the editor sees the file change. */
  const set = (changed) => writeFile(join(workspace, ".vscode", "settings.json"), JSON.stringify(changed, null, 2));
  await set({});
  // Which program is used is a setting of the machine that it runs on.
  await mkdir(join(userData, "Machine"), { recursive: true });
  await writeFile(join(userData, "Machine", "settings.json"), JSON.stringify({ "nnrun.path": program }));

  const port = await freePort();
  const shared = ["--config", join(home, "config.yaml"), "--user-data-dir", userData];
  shared.push("--extensions-dir", join(home, "extensions"));
  await writeFile(join(home, "config.yaml"), "");
  const env = { ...process.env, HOME: home, VSCODE_PROXY_URI: "" };
  const installed = spawnSync(tools.node, [tools.entry, ...shared, "--install-extension", vsix], { encoding: "utf8", env });
  if (installed.status !== 0) throw new Error(`the extension was not installed:\n${installed.stdout}${installed.stderr}`);

  const words = [tools.entry, ...shared, "--auth", "none", "--bind-addr", `127.0.0.1:${port}`];
  words.push("--disable-telemetry", "--disable-update-check", "--disable-getting-started-override", workspace);
  // A group of its own, so that the editor's processes end with it.
  const child = spawn(tools.node, words, { env, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let log = "";
  child.stdout.on("data", (text) => (log += text));
  child.stderr.on("data", (text) => (log += text));
  const url = `http://127.0.0.1:${port}/`;
  for (let tries = 0; ; tries += 1) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer?.ok) break;
    if (tries > 150 || child.exitCode !== null) throw new Error(`code-server did not start:\n${log}`);
    await sleep(200);
  }
  return {
    url: `${url}?folder=${encodeURIComponent(workspace)}`,
    workspace,
    set,
    log: () => log,
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null) process.kill(-child.pid, "SIGTERM");
      await Promise.race([ended, sleep(5000)]);
      await rm(home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}
