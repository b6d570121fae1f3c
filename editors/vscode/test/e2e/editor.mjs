// Driving the editor as a user does: keys, clicks, and what is to be seen.
import { chromium } from "playwright-core";

/** How long anything may take, on a machine that has other things to do. */
const LONG = 60_000;
/** How long one try may take before the next. */
const TRY = 8_000;

/** The text of an element with the spaces that the editor makes unbreakable, and without marks of direction. */
const plain = (text) => text.replace(/\u00a0/g, " ").replace(/[\u200b-\u200f\u202a-\u202e]/g, "");

export class Editor {
  constructor(browser, page) {
    this.browser = browser;
    this.page = page;
  }

  static async open(tools, url, { width = 1280, height = 800, scale = 1 } = {}) {
    const browser = await chromium.launch({
      executablePath: tools.chromium,
      args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
    });
    const page = await browser.newPage({ viewport: { width, height }, deviceScaleFactor: scale });
    page.setDefaultTimeout(LONG);
    await page.goto(url);
    await page.locator(".monaco-workbench").waitFor();
    return new Editor(browser, page);
  }

  async close() {
    await this.browser.close();
  }

  /** Waits until `look` gives something true, and gives that. `what` is said where it never does. */
  async until(what, look, patience = LONG) {
    const end = Date.now() + patience;
    let last;
    for (;;) {
      last = await look().catch((error) => error);
      if (last && !(last instanceof Error)) return last;
      if (Date.now() > end) throw new Error(`never seen: ${what}${last instanceof Error ? ` (${last.message})` : ""}`);
      await this.page.waitForTimeout(100);
    }
  }

  async press(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Runs a command by its title, through the palette. Some are there only a while after the start. */
  async command(title) {
    const input = this.page.locator(".quick-input-widget input").first();
    const row = this.page.locator(".quick-input-list .monaco-list-row").filter({ hasText: title }).first();
    await this.until(`the command ${title}`, async () => {
      await this.press("Escape", "F1");
      await input.waitFor({ timeout: TRY });
      await input.fill(`>${title}`, { timeout: TRY });
      await row.waitFor({ timeout: TRY });
      await row.click({ timeout: TRY });
      return true;
    });
  }

  /** Opens a file of the workspace. */
  async openFile(name) {
    const input = this.page.locator(".quick-input-widget input").first();
    // The row that Enter takes. Before the list is filtered, it shows the files of late, and the name may be one of them.
    const row = this.page.locator(".quick-input-list .monaco-list-row.focused").filter({ hasText: name }).first();
    const tab = this.page.locator(`.tab.active[data-resource-name="${name}"]`);
    await this.until(`the file ${name}`, async () => {
      if (await tab.isVisible()) return true;
      await this.press("Escape", "Control+p");
      await input.waitFor({ timeout: TRY });
      await input.fill(name, { timeout: TRY });
      await row.waitFor({ timeout: TRY });
      await this.press("Enter");
      await tab.waitFor({ timeout: TRY });
      return true;
    });
    await this.code.locator(".view-line").first().waitFor();
  }

  /** Waits until the status bar says that the language server runs. */
  async serverRuns() {
    const item = this.page.locator(".statusbar-item").filter({ hasText: /^\s*nnrun\s*$/ });
    await item.locator(".codicon-check").waitFor();
  }

  /** The code editor, of which the tests have one at a time. */
  get code() {
    return this.page.locator(".editor-instance .monaco-editor[role=code]").first();
  }

  async focusCode() {
    await this.press("Control+1");
    await this.code.locator("..").locator(".native-edit-context, textarea.inputarea").first().focus();
  }

  /** The visible lines from top to bottom, with the hints that stand in them. */
  async lines() {
    const lines = await this.code.locator(".view-lines .view-line").evaluateAll((elements) =>
      elements
        .map((element) => ({ top: element.getBoundingClientRect().top, text: element.textContent }))
        .sort((one, other) => one.top - other.top)
        .map(({ text }) => text),
    );
    return lines.map(plain);
  }

  async text() {
    return (await this.lines()).join("\n");
  }

  /** Puts the cursor at a place, counted from 1. */
  async goTo(line, column = 1) {
    await this.press("Control+g");
    const input = this.page.locator(".quick-input-widget input").first();
    await input.waitFor();
    await input.fill(`:${line}:${column}`);
    await this.press("Enter");
    await this.page.locator(".quick-input-widget").waitFor({ state: "hidden" });
  }

  /** Puts the cursor at the first place where `program` reads so, `shift` characters further on. */
  async goToText(program, words, shift = 0) {
    const at = program.indexOf(words);
    if (at < 0) throw new Error(`the program does not read ${words}`);
    const before = program.slice(0, at + shift).split("\n");
    await this.goTo(before.length, before.at(-1).length + 1);
  }

  /** What the hover at the cursor says. */
  async hover() {
    const hover = this.page.locator(".monaco-hover:not(.hidden) .monaco-hover-content");
    return this.until("a hover with text", async () => {
      if (!(await hover.first().isVisible())) {
        await this.press("Control+k", "Control+i");
        await hover.first().waitFor({ timeout: TRY });
      }
      const text = plain((await hover.allInnerTexts()).join("\n")).trim();
      return /^loading/i.test(text) ? "" : text;
    });
  }

  /** The titles of what the lightbulb offers at the cursor. */
  async quickFixes() {
    await this.press("Control+.");
    const rows = this.page.locator(".action-widget .monaco-list-row.action");
    await rows.first().waitFor();
    return (await rows.allInnerTexts()).map((text) => plain(text).trim());
  }

  async chooseQuickFix(title) {
    await this.page.locator(".action-widget .monaco-list-row.action").filter({ hasText: title }).first().click();
    await this.page.locator(".action-widget").first().waitFor({ state: "hidden" });
  }

  /** The page that an extension shows, inside its two frames. */
  get webview() {
    return this.page.frameLocator("iframe.webview.ready").first().frameLocator("#active-frame");
  }

  /** Gives up every change and closes every editor. */
  async closeEverything() {
    const tab = this.page.locator(".tab").first();
    const without = this.page.locator(".monaco-dialog-box .monaco-button").filter({ hasText: "Don't Save" }).first();
    await this.press("Escape");
    await this.until("no editor", async () => {
      if (!(await tab.isVisible())) return true;
      // The question of the try before may have come late.
      if (!(await without.isVisible())) await this.command("View: Close All Editors");
      await without.click({ timeout: 1500 }).catch(() => undefined);
      await tab.waitFor({ state: "detached", timeout: 3000 });
      return true;
    });
  }

  async screenshot(path) {
    await this.page.screenshot({ path });
  }
}
