#!/usr/bin/env bash
# Runs a command of this repository in a Debian that has recent editors: Neovim, Emacs and Helix. Made once, in
# `target/debian` or the folder that $NN_DEBIAN names, which takes about 500 MB and a few minutes.
#
#   editors/in-debian.sh sh editors/neovim/test.sh
set -euo pipefail
cd "$(dirname "$0")/.."

root=$(realpath -m "${NN_DEBIAN:-target/debian}")
nnrun=${NNRUN:-target/debug/nnrun}
# What the three need, and compilers for their parsers.
packages=neovim,emacs-nox,hx,git,gcc,g++,libc6-dev

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
  echo "SKIPPED: a Debian with recent editors is made by debootstrap, as root; not run: $*"
  exit 0
fi
if [ ! -e "$root/ready" ]; then
  debootstrap --variant=minbase --include="$packages" testing "$root" >&2
  touch "$root/ready"
fi

# A copy, not a mount, so that nothing in there can reach what is out here.
rm -rf "$root/nnrun"
mkdir -p "$root/nnrun/target/debug"
cp -r examples "$root/nnrun/"
cp "$nnrun" "$root/nnrun/target/debug/nnrun"
tar --exclude=node_modules --exclude=target -cf - editors | tar -xf - -C "$root/nnrun"
# `/proc`, by which programs find themselves, goes again with the namespace.
unshare --mount sh -c '
  root=$1; shift
  mount -t proc proc "$root/proc"
  exec chroot "$root" env -C /nnrun "$@"
' sh "$root" "$@"
