// Every snippet, expanded as it stands, is a program (or fits into one) that nnrun finds nothing wrong with.
import assert from "node:assert/strict";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { missing, repository, run } from "./nnrun.mjs";
import { expand, expandAll } from "./snippet.mjs";

const snippets = JSON.parse(await readFile(new URL("../../snippets/nn.json", import.meta.url)));
const text = (name) => expand(snippets[name].body);

const alone = (snippet) => snippet;
const stage = (shape) => (snippet) => `model Net(x: ${shape}) -> y {\n  x |> ${snippet.replace(/\n/g, "\n  ")}\n}`;
const trained = (snippet) => [text("Data from a table"), text("Model").replace(/: \[4\]/, ": examples.x"), snippet].join("\n\n");
const numbers = `data examples {
  let t   = csv("data.csv")
  field x = t[first_column .. last_column] |> standardize
  field y = t.height
}

model Net(x: [4]) -> y_hat: float {
  x |> Dense(8) |> relu |> Dense(1) |> squeeze
}`;

// Where each snippet stands. One that is missing here fails the test below.
const places = {
  "Whole program": alone,
  Model: alone,
  Block: alone,
  "Convolution block": alone,
  "Transformer block": alone,
  "Attention from its formula": alone,
  "Data from a table": alone,
  "Data from images": alone,
  "Data from IDX files": alone,
  "Data from a text": alone,
  "Data written out": alone,
  "Train a classifier": trained,
  "Train with a schedule": trained,
  "Train for numbers": (snippet) => `${numbers}\n\n${snippet}`,
  Expect: (snippet) => trained(`${text("Train a classifier")}\n\n${snippet}`),
  // Behind one that inherits what stands around both.
  Phase: (snippet) => {
    const phases = `phase whole { batch: 8 }\n${snippet}`.replace(/\n/g, "\n  ");
    return trained(text("Train a classifier").replace(/\n}$/, `\n\n  ${phases}\n}`));
  },
  "Train in two phases": trained,
  Sweep: (snippet) =>
    `hyper width = 32\n\n${trained(text("Train a classifier")).replace(/Dense\(\d+\)/, "Dense(width)")}\n\n${snippet}`,
  Hyper: (snippet) => `${snippet}\n\nmodel Net(x: [4]) -> [width] {\n  x |> Dense(width)\n}`,
  Import: (snippet) => `${snippet}\n\nmodel Net(x: [4]) -> [8] {\n  x |> Unit(8)\n}`,
  Residual: stage("[32]"),
  "Residual with a shortcut": stage("[32]"),
  Repeat: stage("[32]"),
  Convolution: stage("[1, 28, 28]"),
  Scan: (snippet) => `block Cell()(x: [T, 4]) -> [T, 32] {\n  ${snippet.replace(/\n/g, "\n  ")}\n}`,
  Weight: (snippet) => `block Map(x: [T, D]) -> [T, 16] {\n  ${snippet}\n  x @ w\n}`,
  Region: (snippet) => `${snippet}\n\n${text("Model")}`,
};

let folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "nnrun-snippets-"));
  const rows = Array.from({ length: 90 }, (_, row) => {
    const label = ["red", "green", "blue"][row % 3];
    return `${row % 7},${row % 5},${row % 11},${(row * 3) % 13},${label},${row / 10}`;
  });
  await writeFile(join(folder, "data.csv"), ["first_column,b,c,last_column,label,height", ...rows].join("\n"));
  await writeFile(join(folder, "blocks.nn"), `${text("Block")}\n`);
  await cp(join(repository, "examples/data/images/shapes"), join(folder, "images"), { recursive: true });
  for (const split of ["train", "test"]) {
    const count = split === "train" ? "train-6000" : "test-1000";
    for (const kind of ["images-idx3", "labels-idx1"]) {
      const from = join(repository, `examples/data/images/fashion-mnist-${count}-${kind}-ubyte.gz`);
      await cp(from, join(folder, `${split}-${kind}-ubyte.gz`));
    }
  }
  await cp(join(repository, "examples/data/text/as_you_like_it.txt"), join(folder, "book.txt"));
});

after(() => rm(folder, { recursive: true, force: true }));

test("every snippet has a place to be tested in", () => {
  assert.deepEqual(Object.keys(snippets).sort(), Object.keys(places).sort());
});

test("no two snippets answer to one prefix", () => {
  const prefixes = Object.values(snippets).flatMap(({ prefix }) => prefix);
  assert.equal(new Set(prefixes).size, prefixes.length);
});

for (const [name, place] of Object.entries(places)) {
  test(`${name}: nnrun check and fmt find nothing`, { skip: missing }, async () => {
    for (const expanded of expandAll(snippets[name].body)) {
      const program = `${place(expanded).trimEnd()}\n`;
      await writeFile(join(folder, "snippet.nn"), program);
      const checked = run(folder, "check", "--format", "short", "snippet.nn");
      assert.deepEqual([checked.status, checked.stderr], [0, ""], program);
      const formatted = run(folder, "fmt", "--check", "snippet.nn");
      assert.equal(formatted.status, 0, `${formatted.stderr}\n${program}`);
    }
  });
}
