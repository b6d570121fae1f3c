// `npm run screenshots`: takes the pictures of the README anew and writes them into docs/images. `npm run screenshots --
// graph` takes only that one.
//
// Look at them before they are committed: a picture shows whatever there was to see.
import { spawnSync } from "node:child_process";
import { mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { repository } from "../unit/nnrun.mjs";
import { Editor } from "./editor.mjs";
import { CNN, WRONG } from "./programs.mjs";
import { startServer } from "./server.mjs";
import { findTools } from "./tools.mjs";

const images = join(repository, "docs/images");
const tools = findTools();
if (tools.missing.length > 0) throw new Error(`missing ${tools.missing.join(", ")}`);
await mkdir(images, { recursive: true });

const server = await startServer({
  tools,
  vsix: fileURLToPath(new URL("../../nnrun.vsix", import.meta.url)),
  files: { "lenet.nn": CNN, "digits.nn": WRONG },
  settings: { "editor.fontSize": 16, "editor.inlayHints.fontSize": 14 },
});
const editor = await Editor.open(tools, server.url);
const { page } = editor;

/** Lets what moves come to rest, and takes the picture. */
async function picture(name) {
  await page.waitForTimeout(1500);
  const path = join(images, `${name}.png`);
  await editor.screenshot(path);
  // A picture of a program has few colours.
  spawnSync("pngquant", ["--force", "--skip-if-larger", "--quality", "70-95", "--output", path, path]);
  const { size } = await stat(path);
  console.log(`${name}.png ${Math.round(size / 1000)} kB`);
}

/** Hints come a moment after the text, and again after what moves it. */
const hints = (some) => editor.until("the hints", async () => (await editor.text()).includes(some));

const pointAtNothing = () => page.mouse.move(350, 20);

/** What is to be seen on each, from an editor without files to one whose picture can be taken. */
const scenes = {
  async hints() {
    await editor.openFile("lenet.nn");
    await editor.goToText(CNN, "## Convolution");
    await hints("· 401,536");
    await page.locator(".codelens-decoration").filter({ hasText: "parameters" }).first().waitFor();
    await picture("vscode-hints");
  },

  async graph() {
    await editor.openFile("lenet.nn");
    await editor.goToText(CNN, "Flatten", 1);
    await editor.command("nnrun: Show the Network as a Graph");
    await editor.webview.locator("svg.nnrun .current").first().waitFor();
    await hints("→ [32, 14, 14]");
    // Where the palette was, the edge between the editors is now.
    await pointAtNothing();
    await picture("vscode-graph");
  },

  async error() {
    await editor.openFile("digits.nn");
    await editor.code.locator(".squiggly-error").first().waitFor();
    await editor.press("Control+Shift+m");
    const places = page.locator(".markers-panel .monaco-list-row").filter({ hasText: "the input of the residual" });
    await places.first().waitFor();
    await editor.focusCode();
    await editor.goToText(WRONG, "3) |> relu }");
    await hints("→ [32, 28, 28] · 320");
    await editor.hover();
    await picture("vscode-error");
    await editor.press("Escape", "Control+Shift+m", "Control+Shift+m");
  },

  async fix() {
    await editor.openFile("digits.nn");
    await editor.code.locator(".squiggly-error").first().waitFor();
    await editor.goToText(WRONG, "3) |> relu }");
    await editor.until("the repair", async () => {
      const offered = await editor.quickFixes();
      if (offered.some((title) => title.includes("padding: same"))) return true;
      await editor.press("Escape");
      return false;
    });
    await hints("→ [32, 28, 28] · 320");
    await picture("vscode-quick-fix-before");
    await editor.chooseQuickFix("padding: same");
    await editor.code.locator(".squiggly-error").first().waitFor({ state: "detached" });
    await hints("→ [10]");
    await picture("vscode-quick-fix-after");
  },
};

try {
  await editor.openFile("lenet.nn");
  await editor.serverRuns();
  await editor.command("View: Toggle Primary Side Bar Visibility");
  await editor.closeEverything();
  const wanted = process.argv.slice(2);
  for (const [name, take] of Object.entries(scenes)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    await pointAtNothing();
    await take();
    await editor.closeEverything();
  }
} catch (error) {
  const output = fileURLToPath(new URL("output/", import.meta.url));
  await mkdir(output, { recursive: true });
  await editor.screenshot(`${output}screenshots.png`);
  throw error;
} finally {
  await editor.close();
  await server.stop();
}
