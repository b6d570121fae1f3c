// What `nnrun explain` prints, as Markdown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";
import { missing, repository, run } from "./nnrun.mjs";

const { toMarkdown } = await load("explanation");

test("a page of a diagnostic: prose and programs", () => {
  const page = `E0301: shapes that do not go together

Two operands, 2 * 3
of \`a * b\`.

  # wrong
  model Net(x: [4]) -> [4] {

    x
  }

Neither is 1.
`;
  assert.equal(
    toMarkdown(page),
    `# E0301: shapes that do not go together

Two operands, 2 \\* 3
of \`a * b\`.

\`\`\`nn
# wrong
model Net(x: [4]) -> [4] {

  x
}
\`\`\`

Neither is 1.
`,
  );
});

test("a page of the catalog: sections", () => {
  const page = `Dense: a layer

A map.

Formula
  y = x * w

Arguments
  units: size
      how many
      numbers
  bias: true or false = true
      whether

Example
  x |> Dense(16)    # [16]

As in
  torch.nn.Linear
`;
  assert.equal(
    toMarkdown(page),
    `# Dense: a layer

A map.

## Formula

\`\`\`text
y = x * w
\`\`\`

## Arguments

- \`units: size\`: how many numbers
- \`bias: true or false = true\`: whether

## Example

\`\`\`nn
x |> Dense(16)    # [16]
\`\`\`

## As in

torch.nn.Linear
`,
  );
});

test("every page that there is keeps its words, and its fences match", { skip: missing }, () => {
  const list = run(repository, "explain", "--color", "never").stdout;
  const names = [...new Set(list.match(/^ {2}.*$/gm).join(" ").match(/[A-Za-z]\w+/g))];
  let pages = 0;
  for (const name of names) {
    const { status, stdout } = run(repository, "explain", name, "--color", "never");
    if (status !== 0) continue;
    pages += 1;
    const markdown = toMarkdown(stdout);
    const words = (text) => text.replace(/\\(?=[*<])/g, "").match(/[\p{L}\p{N}_]+/gu);
    const kept = words(markdown.replace(/^```(nn|text)?$/gm, ""));
    assert.deepEqual(kept, words(stdout), name);
    assert.equal(markdown.match(/^```/gm)?.length % 2 || 0, 0, name);
    assert.match(markdown, /^# /, name);
  }
  assert.ok(pages > 100, `only ${pages} pages`);
});
