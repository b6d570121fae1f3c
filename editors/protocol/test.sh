#!/usr/bin/env bash
# The language server, driven by a client of the field (pytest-lsp): `bash editors/protocol/test.sh`. Needs Python 3.10 or
# newer and a built nnrun (target/release or target/debug, or $NNRUN).
set -euo pipefail
cd "$(dirname "$0")"

if ! python3 -c 'import sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  printf '\n*** SKIPPED: the language server with a real client: Python 3.10 with venv is not installed ***\n'
  exit 0
fi
if [ ! -x .venv/bin/pytest ]; then
  # Packages come over the network, and that it fails says nothing about the server.
  if ! { python3 -m venv .venv && .venv/bin/pip install --quiet --disable-pip-version-check --requirement requirements.txt; }; then
    rm -rf .venv
    printf '\n*** SKIPPED: the language server with a real client: its packages cannot be had ***\n'
    exit 0
  fi
fi
exec .venv/bin/pytest --quiet "$@"
