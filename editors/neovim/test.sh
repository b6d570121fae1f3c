#!/bin/sh
# Neovim with `nnrun lsp`, set up as README.md says, in a configuration of its own.
#
#   NVIM=path/to/nvim NNRUN=path/to/nnrun editors/neovim/test.sh
set -eu
cd "$(dirname "$0")/../.."

nvim=${NVIM:-nvim}
nnrun=${NNRUN:-target/debug/nnrun}
if ! "$nvim" --version >/dev/null 2>&1; then
  echo "SKIPPED: Neovim is not installed; editors/neovim was not tested"
  exit 0
fi
if ! "$nvim" --headless --clean -c 'if has("nvim-0.11") | qall | else | cquit | endif' >/dev/null 2>&1; then
  echo "SKIPPED: $("$nvim" --version | head -n 1) is older than 0.11; editors/neovim was not tested"
  exit 0
fi

home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
mkdir -p "$home/bin" "$home/config/nvim"
ln -s "$(realpath "$nnrun")" "$home/bin/nnrun"

# The commands and the configuration of the page, as they are written there.
block() { sed -n "/^ *\`\`\`$1\$/,/^ *\`\`\`\$/{/\`\`\`/d;p}" editors/neovim/README.md; }
block sh | sh -e
block lua | sed "s|/path/to/nnrun|$PWD|; /vim.lsp.config/d" >"$home/config/nvim/init.lua"

PATH="$home/bin:$PATH" XDG_CONFIG_HOME="$home/config" XDG_DATA_HOME="$home/data" XDG_STATE_HOME="$home/state" \
  XDG_CACHE_HOME="$home/cache" timeout 180 "$nvim" --headless \
  -c "lua local ok, problem = xpcall(dofile, debug.traceback, 'editors/neovim/test.lua')
      if not ok then io.write(problem, '\n') vim.cmd('cquit 1') end"
