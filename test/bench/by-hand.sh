#!/usr/bin/env bash
# A layer the way people make it by hand: the program, what ldd lists, zip.
#
# usage: by-hand.sh PROGRAM DIRECTORY [ROOT]      writes DIRECTORY.zip; the program is in ROOT if that is given
set -euo pipefail
root=${3:-}
libraries() {
  if [[ $root ]]; then
    local directories
    directories=$(printf '%s:' "$root"/{usr/,}lib/x86_64-linux-gnu{,/blas,/lapack,/pulseaudio})
    "$root/lib64/ld-linux-x86-64.so.2" --library-path "${directories%:}" --list "$root$1"
  else
    ldd "$1"
  fi
}
mkdir -p "$2/bin" "$2/lib"
cp "$root$1" "$2/bin"
# a library may be listed twice, by two paths
libraries "$1" | grep -o '/[^ ]*' | awk -F/ '!seen[$NF]++' | xargs cp -L -t "$2/lib"
cd "$2"
zip -q --symlinks -r9 "$2.zip" .
