#!/usr/bin/env bash
# A bundler for the field trial: packs a program of any source by the command line, which has to be compiled.
#
# usage: SOURCE=KIND:WHAT [ARCH=arm64] bundle-from.sh BINARY OUT.zip
set -euo pipefail
[[ ${1-} != --empty ]] || exit 0
exec node "$(dirname "$0")/../build/cli/main.js" build "$1" -q -o "$2" --source "$SOURCE" ${ARCH:+--arch "$ARCH"}
