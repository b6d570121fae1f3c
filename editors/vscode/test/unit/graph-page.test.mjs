// The graph's page: what it may do, and how it finds the node at the cursor.
import assert from "node:assert/strict";
import { test } from "node:test";
import { load } from "./load.mjs";

const { html, makeNonce } = await load("graph/page");
const { nodesAt, nodesFrom } = await load("graph/nodes");

const files = { origin: "https://files.example", script: "https://files.example/graph.js", style: "https://files.example/graph.css" };

function policyOf(page) {
  const [, content] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page);
  return new Map(content.split("; ").map((part) => [part.split(" ")[0], part.split(" ").slice(1)]));
}

test("everything is forbidden but the style sheet and the script with the nonce", () => {
  const policy = policyOf(html(files, "abc123"));
  assert.deepEqual(Object.fromEntries(policy), {
    "default-src": ["'none'"],
    "style-src": ["https://files.example", "'nonce-abc123'"],
    "script-src": ["'nonce-abc123'"],
    "base-uri": ["'none'"],
    "form-action": ["'none'"],
  });
});

test("no policy allows what is written inline or evaluated", () => {
  assert.doesNotMatch(html(files, makeNonce()), /unsafe-(inline|eval)|\*/);
});

test("the one script carries the nonce, and nothing in the page is inline", () => {
  const page = html(files, "abc123");
  const scripts = page.match(/<script[^>]*>[^<]*<\/script>/g);
  assert.deepEqual(scripts, ['<script nonce="abc123" src="https://files.example/graph.js"></script>']);
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
});

test("a path with quotes stays inside its attribute", () => {
  const page = html({ ...files, script: 'https://files.example/"><script>alert(1)</script>' }, "abc123");
  assert.doesNotMatch(page, /<script>/);
});

test("nonces are long and differ", () => {
  const nonces = Array.from({ length: 100 }, makeNonce);
  assert.equal(new Set(nonces).size, 100);
  for (const nonce of nonces) assert.match(nonce, /^[0-9a-f]{48}$/);
});

test("the node at the cursor is the narrowest around it", () => {
  const model = { start: 0, end: 100, line: 1 };
  const dense = { start: 20, end: 29, line: 2 };
  const relu = { start: 33, end: 37, line: 2 };
  const nodes = [model, dense, relu];
  assert.deepEqual(nodesAt(nodes, 22, 2), [dense]);
  assert.deepEqual(nodesAt(nodes, 37, 2), [relu]);
  assert.deepEqual(nodesAt(nodes, 31, 2), [model]);
  assert.deepEqual(nodesAt([dense, relu], 31, 2), [dense, relu], "none holds it: those of its line");
  assert.deepEqual(nodesAt(nodes, 200, 9), []);
});

test("a block that is used twice has two nodes at one place", () => {
  const first = { start: 20, end: 29, line: 2 };
  const second = { start: 20, end: 29, line: 2 };
  assert.deepEqual(nodesAt([first, second], 25, 2), [first, second]);
});

test("between two nodes that touch, the one that begins there is meant", () => {
  const left = { start: 0, end: 4, line: 1 };
  const right = { start: 4, end: 8, line: 1 };
  assert.deepEqual(nodesAt([left, right], 4, 1), [right]);
});

test("of the nodes that begin where the server says, the narrowest is meant", () => {
  const group = { start: 20, end: 60, line: 2 };
  const first = { start: 20, end: 29, line: 2 };
  assert.deepEqual(nodesFrom([group, first], 20), [first]);
  assert.deepEqual(nodesFrom([group, first], 21), []);
});
