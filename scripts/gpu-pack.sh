#!/bin/sh
# Fills out/gpu-packages with what scripts/gpu-run.sh needs of Debian's packages, unpacked: a machine with a GPU that has
# none of them, and no network, gets the folder along with the sources. Needs apt-get and a network, no root.
# usage: gpu-pack.sh
set -eu
cd "$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)"

packages="libjansson-dev libjansson4 librandom123-dev libxxhash-dev libxxhash0 pkgconf-bin libpkgconf3"
folder=$PWD/out/gpu-packages
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
command -v apt-get >/dev/null || { echo "gpu-pack.sh: no apt-get here" >&2; exit 5; }

(cd "$work" && apt-get download -q $packages >log 2>&1) || { cat "$work/log" >&2; exit 5; }
rm -rf "$folder"
mkdir -p "$folder"
for package in "$work"/*.deb; do dpkg -x "$package" "$folder"; done
rm -rf "$folder/usr/share/doc" "$folder/usr/share/man"
echo "$folder: $(du -sh "$folder" | cut -f1)"
