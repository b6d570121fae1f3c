#!/usr/bin/env bash
# Everything that is tested about the editors: `bash editors/test.sh`. It needs Node and a built nnrun (the newer of
# target/release and target/debug, or $NNRUN). What cannot be tested here is said in a line with SKIPPED. Where CI=true,
# what is missing is installed first: an editor in a browser, and a Debian with recent ones.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; "$@"; }
skip() { printf '\n*** SKIPPED: %s ***\n' "$*"; }
# Packages come over the network, and that it fails says nothing about what is tested with them.
packages() {
  step npm ci --no-audit --no-fund --loglevel=error || { skip "$1: its npm packages cannot be had"; return 1; }
}

if [ -z "${NNRUN:-}" ]; then
  NNRUN=$(ls -t ../target/release/nnrun ../target/debug/nnrun 2>/dev/null | head -n 1 || true)
  [ -n "$NNRUN" ] || { echo "there is no nnrun in target/release or target/debug: build it first"; exit 1; }
fi
NNRUN=$(realpath "$NNRUN")
export NNRUN

# ---- the language server, with a client that is no editor ----

step bash protocol/test.sh

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
  skip "all tests of the editors: Node is not installed"
  exit 0
fi

# ---- VS Code ----

# In a subshell, so that the next editor begins where this one did.
(
  cd vscode
  packages "the extension of VS Code" || exit 0
  step npm run check
  step npm run package
  step npm test
  # In a real VS Code; says for itself when it is skipped.
  step npm run test:e2e
)

# ---- the grammars ----

# Of VS Code and GitHub.
(
  cd textmate-tests
  packages "the TextMate grammar" || exit 0
  step npm run test:grammar
)

# tree-sitter's: trees, queries, and agreement with the compiler on what is a program. Of the same versions, so that what
# is built of the compiler's dependencies is shared with its own tests.
cp ../Cargo.lock tree-sitter-nn/Cargo.lock
step cargo test --manifest-path tree-sitter-nn/Cargo.toml --workspace --target-dir ../target -- --nocapture

# ---- Neovim, Emacs, Helix ----

# With those installed here; with `NN_IN_DEBIAN=1` or in CI, in a Debian that has them. Each says for itself when it is
# skipped.
for editor in neovim emacs helix; do
  if [ -n "${NN_IN_DEBIAN:-${CI:-}}" ]; then
    step ./in-debian.sh env -u NNRUN sh editors/$editor/test.sh
  else
    step sh $editor/test.sh
  fi
done
