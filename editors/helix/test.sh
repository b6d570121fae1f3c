#!/bin/sh
# Helix, set up as README.md says: does it find the parser, the queries and the server, and do these fit each other?
#
#   HX=path/to/hx NNRUN=path/to/nnrun editors/helix/test.sh
set -eu
cd "$(dirname "$0")/../.."

hx=${HX:-hx}
nnrun=${NNRUN:-target/debug/nnrun}
if ! "$hx" --version >/dev/null 2>&1; then
  echo "SKIPPED: Helix is not installed; editors/helix was not tested"
  exit 0
fi
if ! command -v c++ >/dev/null || ! command -v git >/dev/null; then
  echo "SKIPPED: there is no C++ compiler or no Git to build the parser with; editors/helix was not tested"
  exit 0
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/bin"
ln -s "$(realpath "$nnrun")" "$home/bin/nnrun"
export HOME="$home" PATH="$home/bin:$PATH" XDG_CONFIG_HOME="$home/.config" XDG_CACHE_HOME="$home/.cache"

# The commands of the page, as they are written there. Grammars of other languages are not there and fail.
block() { sed -n '/^ *```sh$/,/^ *```$/{/```/d;p}' editors/helix/README.md; }
block | grep -v '^ *hx' | sh -e
"$hx" --grammar build >"$home/build.log" 2>&1 || true

# Without colours and marks of good and bad.
health=$("$hx" --health nn 2>&1 | sed 's/\x1b\[[0-9;]*m//g')
echo "$health"
passed=0 failed=0
check() {
  if echo "$health" | grep -q "$2"; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "FAIL  $1"; fi
}
check "the server is found" "nnrun: .*/nnrun"
check "the parser is found" "Tree-sitter parser: ✓"
check "highlights fit" "Highlight queries: ✓"
check "text objects fit" "Textobject queries: ✓"
check "indentation fits" "Indent queries: ✓"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
