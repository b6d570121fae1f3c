#!/usr/bin/env bash
# Everything that is tested about the editors: `bash editors/test.sh`. It needs Node and a built nnrun (target/release
# or target/debug, or $NNRUN). What cannot be tested here is said in a line that begins with SKIPPED.
set -euo pipefail
cd "$(dirname "$0")"

step() { printf '\n== %s\n' "$*"; "$@"; }
skip() { printf '\n*** SKIPPED: %s ***\n' "$*"; }

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
