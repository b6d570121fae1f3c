// Bundles the extension (Node, one file) and the script of the graph's page (a browser, one file).
import { build, context } from "esbuild";

const production = process.argv.includes("--production");
const shared = { bundle: true, minify: production, sourcemap: production ? false : "linked", logLevel: "warning" };

const extension = {
  ...shared,
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  platform: "node",
  format: "cjs",
  target: "node20",
  // The editor provides it.
  external: ["vscode"],
};

const graphPage = {
  ...shared,
  entryPoints: ["src/graph/view.ts"],
  outfile: "dist/graph.js",
  platform: "browser",
  format: "iife",
  target: "es2022",
};

const graphStyle = { ...shared, entryPoints: ["src/graph/view.css"], outfile: "dist/graph.css" };

const bundles = [extension, graphPage, graphStyle];
if (process.argv.includes("--watch")) {
  for (const bundle of bundles) await (await context(bundle)).watch();
} else {
  await Promise.all(bundles.map((bundle) => build(bundle)));
}
