// Renders nnrun.svg as nnrun.png, which is the format the extension's page wants: `node icons/render.mjs`.
import { readFile } from "node:fs/promises";
import { chromium } from "playwright-core";

const folder = new URL(".", import.meta.url);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 256, height: 256 } });
const drawing = await readFile(new URL("nnrun.svg", folder), "utf8");
await page.setContent(`<body style="margin:0">${drawing}</body>`);
await page.screenshot({ path: new URL("nnrun.png", folder).pathname, omitBackground: true });
await browser.close();
