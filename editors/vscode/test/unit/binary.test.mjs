// Where the program is looked for.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "node:test";
import { load } from "./load.mjs";

const { candidates, find } = await load("binary");
const machine = {
  home: "/home/ada",
  searchPath: ["/usr/bin", "", "/opt/bin"].join(delimiter),
  windows: false,
  folder: "/home/ada/nets",
};

test("a bare name is looked for on the path, then where cargo installs", () => {
  const expected = ["/usr/bin/nnrun", "/opt/bin/nnrun", "/home/ada/.cargo/bin/nnrun"];
  assert.deepEqual(candidates("nnrun", machine), expected);
  assert.deepEqual(candidates("  ", machine), expected);
});

test("paths are taken as they are, with ~ and variables replaced", () => {
  assert.deepEqual(candidates("/opt/nnrun", machine), ["/opt/nnrun"]);
  assert.deepEqual(candidates("~/bin/nnrun", machine), ["/home/ada/bin/nnrun"]);
  assert.deepEqual(candidates("${workspaceFolder}/nnrun", machine), ["/home/ada/nets/nnrun"]);
  assert.deepEqual(candidates("${userHome}/nnrun", machine), ["/home/ada/nnrun"]);
  assert.deepEqual(candidates("target/release/nnrun", machine), ["/home/ada/nets/target/release/nnrun"]);
});

test("a dollar in a folder's name is no pattern", () => {
  assert.deepEqual(candidates("${workspaceFolder}/nnrun", { ...machine, folder: "/a/$&b" }), ["/a/$&b/nnrun"]);
});

test("on Windows the ending may be left out", () => {
  const found = candidates("nnrun", { ...machine, windows: true, searchPath: "/bin" });
  assert.deepEqual(found.slice(0, 2), ["/bin/nnrun.exe", "/bin/nnrun"]);
});

test("the first that is a program is used: not a folder, not a file that cannot be run", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nnrun-binary-"));
  try {
    const [first, second, third] = ["first", "second", "third"].map((name) => join(folder, name));
    await mkdir(join(first, "nnrun"), { recursive: true });
    for (const place of [second, third]) {
      await mkdir(place);
      await writeFile(join(place, "nnrun"), "");
    }
    await chmod(join(second, "nnrun"), 0o644);
    await chmod(join(third, "nnrun"), 0o755);
    const searchPath = [first, second, third].join(delimiter);
    assert.equal(await find("nnrun", { ...machine, searchPath }), join(third, "nnrun"));
    assert.equal(await find("nnrun", { ...machine, searchPath: first }), undefined);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
