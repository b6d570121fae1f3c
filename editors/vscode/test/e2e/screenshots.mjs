// `npm run screenshots`: takes the pictures of the README anew and writes them into docs/images.
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
  settings: { "editor.fontSize": 16, "editor.inlayHints.fontSize": 14, "workbench.sideBar.location": "left" },
});
const editor = await Editor.open(tools, server.url);
const { page } = editor;

/** Lets what moves come to rest, hides what asks for attention, and takes the picture. */
async function picture(name) {
  await page.mouse.move(2, 2);
  await page.waitForTimeout(1500);
  const path = join(images, `${name}.png`);
  await editor.screenshot(path);
  // A picture of a program has few colours.
  spawnSync("pngquant", ["--force", "--skip-if-larger", "--quality", "70-95", "--output", path, path]);
  const { size } = await stat(path);
  console.log(`${name}.png ${Math.round(size / 1000)} kB`);
}

try {
  await editor.openFile("lenet.nn");
  await editor.command("View: Toggle Primary Side Bar Visibility");
  await editor.goToText(CNN, "## Convolution");
  await editor.until("the hints", async () => (await editor.text()).includes("· 401,536"));
  await editor.until("the lenses", async () => (await page.locator(".codelens-decoration").allInnerTexts()).join().includes("parameters"));
  await picture("vscode-hints");

  await editor.goToText(CNN, "Flatten", 1);
  await editor.command("nnrun: Show the Network as a Graph");
  await editor.webview.locator("svg.nnrun .current").first().waitFor();
  await picture("vscode-graph");
  await editor.closeEverything();

  await editor.openFile("digits.nn");
  await editor.code.locator(".squiggly-error").first().waitFor();
  await editor.press("Control+Shift+m");
  const rows = page.locator(".markers-panel .monaco-list-row");
  await rows.filter({ hasText: "the input of the residual" }).first().waitFor();
  await editor.focusCode();
  await editor.goToText(WRONG, "relu }", 1);
  await editor.press("Control+k", "Control+i");
  await page.locator(".monaco-hover:not(.hidden) .monaco-hover-content").first().waitFor();
  await picture("vscode-error");

  await editor.press("Escape", "Control+Shift+m", "Control+Shift+m");
  await editor.focusCode();
  await editor.quickFixes();
  await picture("vscode-quick-fix-before");
  await editor.chooseQuickFix("padding: same");
  await editor.code.locator(".squiggly-error").first().waitFor({ state: "detached" });
  await picture("vscode-quick-fix-after");
} catch (error) {
  await editor.screenshot(fileURLToPath(new URL("output/screenshots.png", import.meta.url)));
  throw error;
} finally {
  await editor.close();
  await server.stop();
}
