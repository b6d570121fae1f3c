// The problem matcher reads what `nnrun check --format short` really prints.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { missing, run } from "./nnrun.mjs";

const manifest = JSON.parse(await readFile(new URL("../../package.json", import.meta.url)));
const [{ pattern }] = manifest.contributes.problemMatchers;

/** What the editor makes of one line. */
function read(line) {
  const found = new RegExp(pattern.regexp).exec(line);
  if (found === null) return undefined;
  const group = (name) => found[pattern[name]];
  return {
    file: group("file"),
    line: Number(group("line")),
    column: Number(group("column")),
    severity: group("severity"),
    code: group("code"),
    message: group("message"),
  };
}

test("errors, warnings and unusual paths", () => {
  assert.deepEqual(read("models/net.nn:9:6: error[E0301]: this residual adds [32] to [64]"), {
    file: "models/net.nn",
    line: 9,
    column: 6,
    severity: "error",
    code: "E0301",
    message: "this residual adds [32] to [64]",
  });
  assert.equal(read("a.nn:1:2: warning[L0101]: windows that share rows")?.severity, "warning");
  assert.equal(read("C:\\nets\\a.nn:1:2: error[E0101]: x")?.file, "C:\\nets\\a.nn");
  assert.equal(read("my nets/ein Netz.nn:12:1: error[E0101]: x: y")?.file, "my nets/ein Netz.nn");
  assert.equal(read("a.nn:1:2: error[E0101]: of 3:4: error[E0999]: y")?.column, 2);
});

test("what is no diagnostic is not taken for one", () => {
  for (const line of ["error: a.nn cannot be read", "a.nn:1: error[E0301]: x", "1 error", ""]) {
    assert.equal(read(line), undefined, line);
  }
});

test("every line of a real program with mistakes", { skip: missing }, async () => {
  const folder = await mkdtemp(join(tmpdir(), "nnrun-matcher-"));
  try {
    const program = `data d {
  let t   = csv("numbers.csv")
  field x = t[a, b]
  field y = t.label
}

model Net(x: [1, 28, 28]) -> logits: [10] {
  x
  |> Conv2d(32, kernel: 3) |> relu
  |> residual { Conv2d(32, kernel: 3) |> relu }
  |> Flatten |> Dens(10)
}
`;
    await writeFile(join(folder, "numbers.csv"), "a,b,label\n1,2,x\n3,4,y\n");
    await writeFile(join(folder, "wrong.nn"), program);
    const short = run(folder, "check", "--format", "short", "wrong.nn");
    const lines = short.stderr.trimEnd().split("\n");
    const json = JSON.parse(run(folder, "check", "--format", "json", "wrong.nn").stdout);
    assert.equal(short.status, 1);
    assert.ok(lines.length >= 3, short.stderr);
    const expected = json.diagnostics.map(({ file, start, severity, code, message }) => ({
      file,
      ...start,
      severity,
      code,
      message,
    }));
    assert.deepEqual(lines.map(read), expected);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
