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

skip() {
  printf '\n*** SKIPPED: %s; not run: %s ***\n' "$1" "$words"
  exit 0
}
words=$*

[ "$(id -u)" -eq 0 ] || skip "a Debian with recent editors is made as root"
if ! command -v debootstrap >/dev/null && [ "${CI:-}" = true ]; then
  { apt-get update -qq && apt-get install -y -qq --no-install-recommends debootstrap; } >/dev/null || true
fi
command -v debootstrap >/dev/null || skip "a Debian with recent editors is made by debootstrap, which is not installed"
# What a container may be denied.
unshare --mount sh -c 'mount -t proc proc /proc' 2>/dev/null || skip "nothing can be mounted here"
if [ ! -e "$root/ready" ]; then
  # Half of one would never be whole.
  rm -rf "$root"
  if ! debootstrap --variant=minbase --include="$packages" testing "$root" >"$root.log" 2>&1; then
    tail -n 5 "$root.log"
    rm -rf "$root"
    skip "a Debian with recent editors cannot be had"
  fi
  touch "$root/ready"
fi

# A copy, not a mount, so that nothing in there can reach what is out here.
rm -rf "$root/nnrun"
mkdir -p "$root/nnrun/target/debug"
cp -r examples "$root/nnrun/"
cp "$nnrun" "$root/nnrun/target/debug/nnrun"
tar --exclude=node_modules --exclude=target -cf - editors | tar -xf - -C "$root/nnrun"
# `/proc`, by which programs find themselves, and terminals go again with the namespace.
unshare --mount sh -c '
  root=$1; shift
  mount -t proc proc "$root/proc"
  mkdir -p "$root/dev/pts"
  mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
  rm -f "$root/dev/ptmx"
  ln -s pts/ptmx "$root/dev/ptmx"
  exec chroot "$root" env -C /nnrun "$@"
' sh "$root" "$@"
