#!/usr/bin/env bash
# A layer the way people make it by hand: the program, what ldd lists, zip.
#
# usage: by-hand.sh PROGRAM DIRECTORY      writes DIRECTORY.zip
set -euo pipefail
mkdir -p "$2/bin" "$2/lib"
cp "$1" "$2/bin"
ldd "$1" | grep -o '/[^ ]*' | xargs cp -L -t "$2/lib"
cd "$2"
zip -q --symlinks -r9 "$2.zip" .
