// package.json and the code agree, and the editing rules do what they should.
import assert from "node:assert/strict";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";

const root = fileURLToPath(new URL("../../", import.meta.url));
const json = async (name) => JSON.parse(await readFile(join(root, name), "utf8"));
const manifest = await json("package.json");
const { contributes } = manifest;
const rules = await json("language-configuration.json");
const files = await readdir(join(root, "src"), { recursive: true });
const sources = await Promise.all(
  files.filter((name) => name.endsWith(".ts")).map((name) => readFile(join(root, "src", name), "utf8")),
);
const source = sources.join("\n");

test("every command that the menus offer is registered", () => {
  const registered = new Set([...source.matchAll(/registerCommand\(\s*"(nnrun\.\w+)"/g)].map(([, name]) => name));
  if (source.includes("registerCommand(`nnrun.${verb}`")) ["run", "check", "test"].forEach((verb) => registered.add(`nnrun.${verb}`));
  for (const { command } of contributes.commands) assert.ok(registered.has(command), command);
});

test("every setting is read, and none is read that is not declared", () => {
  const declared = Object.keys(contributes.configuration.properties).map((name) => name.replace("nnrun.", ""));
  const read = [...source.matchAll(/(?:settings|section\([^)]*\))\.get(?:<[^>]*>)?\("([\w.]+)"/g)].map(([, name]) => name);
  // The client library reads the trace by itself.
  assert.deepEqual([...new Set([...read, "trace.server"])].sort(), declared.sort());
});

test("what the server knows of a word has the colour that the grammar gives it", async () => {
  const grammar = JSON.stringify(await json("syntaxes/nn.tmLanguage.json"));
  const scopes = contributes.semanticTokenScopes.flatMap(({ scopes }) => Object.values(scopes).flat());
  assert.ok(scopes.length > 8);
  for (const scope of scopes) assert.ok(grammar.includes(`"${scope}"`), scope);
});

test("every file that the manifest names is there", async () => {
  const named = [
    manifest.icon,
    ...contributes.languages.flatMap(({ configuration, icon }) => [configuration, icon.light, icon.dark]),
    ...contributes.grammars.map(({ path }) => path),
    ...contributes.snippets.map(({ path }) => path),
  ];
  for (const name of named) assert.ok((await stat(join(root, name))).isFile(), name);
});

test("the lock file names no registry", async () => {
  const lock = await json("package-lock.json");
  const resolved = Object.values(lock.packages).flatMap(({ resolved }) => resolved ?? []);
  assert.deepEqual(resolved, []);
});

test("a double click takes a whole name or number", () => {
  const words = (line) => line.match(new RegExp(rules.wordPattern, "gu"));
  assert.deepEqual(words("x |> Conv2d(32, kernel: 3)"), ["x", "Conv2d", "32", "kernel", "3"]);
  assert.deepEqual(words("lr: 1e-3, 80% of 10k, t.größe"), ["lr", "1e-3", "80%", "of", "10k", "t", "größe"]);
});

test("lines that open a bracket indent the next, lines that close one go back", () => {
  const { increaseIndentPattern, decreaseIndentPattern } = rules.indentationRules;
  const increases = (line) => new RegExp(increaseIndentPattern).test(line);
  assert.ok(increases("model Net(x: [4]) -> [4] {"));
  assert.ok(increases("  let t = csv("));
  assert.ok(increases('  let t = csv("a#b.csv", ['));
  assert.ok(increases("train Net on d {  # slowly"));
  assert.ok(!increases("  x |> Dense(4)"));
  assert.ok(!increases("# not code {"));
  assert.ok(!increases('  let t = text("{'));
  assert.ok(new RegExp(decreaseIndentPattern).test("  }"));
  assert.ok(!new RegExp(decreaseIndentPattern).test("  x |> f({})"));
});

test("return goes on with a doc comment, but not after an empty one", () => {
  const [doc] = rules.onEnterRules;
  assert.ok(new RegExp(doc.beforeText).test("## A block."));
  assert.ok(!new RegExp(doc.beforeText).test("##  "));
  assert.ok(!new RegExp(doc.beforeText).test("# An ordinary comment"));
});
