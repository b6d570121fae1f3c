#!/bin/sh
# Emacs with `nnrun lsp`, set up as README.md says.
#
#   EMACS=path/to/emacs NNRUN=path/to/nnrun editors/emacs/test.sh
set -eu
cd "$(dirname "$0")/../.."

emacs=${EMACS:-emacs}
nnrun=${NNRUN:-target/debug/nnrun}
if ! "$emacs" --version >/dev/null 2>&1; then
  echo "SKIPPED: Emacs is not installed; editors/emacs was not tested"
  exit 0
fi
if ! "$emacs" -Q --batch --eval '(kill-emacs (if (version< emacs-version "29.1") 1 0))' >/dev/null 2>&1; then
  echo "SKIPPED: $("$emacs" --version | head -n 1) is older than 29.1; editors/emacs was not tested"
  exit 0
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/bin" "$home/.emacs.d"
ln -s "$(realpath "$nnrun")" "$home/bin/nnrun"

# The configuration of the page, as it is written there.
sed -n '/^ *```elisp$/,/^ *```$/{/```/d;p}' editors/emacs/README.md | sed "s|/path/to/nnrun|$PWD|" >"$home/.emacs.d/init.el"

HOME="$home" PATH="$home/bin:$PATH" timeout 300 "$emacs" -Q --batch -l "$home/.emacs.d/init.el" -l editors/emacs/test.el
