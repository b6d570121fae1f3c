#!/usr/bin/env bash
# Everything that is tested about the editors: `bash editors/test.sh`. It needs Node and a built nnrun (target/release
# or target/debug, or $NNRUN). What cannot be tested here is said in a line that begins with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; "$@"; }
skip() { printf '\n*** SKIPPED: %s ***\n' "$*"; }

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
  step npm ci --no-audit --no-fund --loglevel=error
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
  step npm ci --no-audit --no-fund --loglevel=error
  step npm run test:grammar
)

# tree-sitter's: trees, queries, and agreement with the compiler on what is a program. Of the same versions, so that what
# is built of the compiler's dependencies is shared with its own tests.
cp ../Cargo.lock tree-sitter-nn/Cargo.lock
step env NN_MUTANTS="${NN_MUTANTS:-${CI:+6000}}" cargo test --manifest-path tree-sitter-nn/Cargo.toml --workspace \
  --target-dir ../target -- --nocapture

# ---- Neovim, Emacs, Helix ----

# With those installed here, or with `NN_IN_DEBIAN=1` in a Debian that has them; each says for itself when it is skipped.
if [ -n "${NNRUN:-}" ]; then
  NNRUN=$(realpath "$NNRUN")
elif [ -x ../target/debug/nnrun ]; then
  NNRUN=$(realpath ../target/debug/nnrun)
else
  NNRUN=$(realpath ../target/release/nnrun)
fi
export NNRUN
for editor in neovim emacs helix; do
  if [ -n "${NN_IN_DEBIAN:-}" ]; then
    step ./in-debian.sh env -u NNRUN sh editors/$editor/test.sh
  else
    step sh $editor/test.sh
  fi
done
