#!/usr/bin/env bash
# Compiles the launcher for a machine. The same compiler gives the same bytes: those in this directory were built with Debian 12's gcc 12.2.
#
# usage: build.sh x86_64|aarch64 OUTPUT      needs: gcc, or gcc-aarch64-linux-gnu
set -euo pipefail
[[ ${2-} && $1 =~ ^(x86_64|aarch64)$ ]] || { sed -n '2,4p' "$0" >&2; exit 2; }
options=()
# inline atomic operations, because there is no libgcc
[[ $1 == x86_64 ]] || options=(-mno-outline-atomics)
exec "$1-linux-gnu-gcc" "${options[@]}" -std=c11 -O2 -Wall -Wextra -Werror -static -nostdlib -nostartfiles -ffreestanding -fno-pie -no-pie -fno-ident \
  -fno-stack-protector -fno-asynchronous-unwind-tables -fno-tree-loop-distribute-patterns \
  -Wl,--build-id=none,-z,noseparate-code,-z,norelro,-z,noexecstack -s -o "$2" "$(dirname "$0")/launcher.c"
