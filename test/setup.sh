#!/usr/bin/env bash
# Installs those of the named Debian packages that are missing; does nothing where none is. Without root
# rights it says which they are, and how to install them.
#
# usage: setup.sh PACKAGE ...
set -euo pipefail

if ! command -v dpkg-query >/dev/null; then
  echo "this needs Debian or Ubuntu, with these packages: $*" >&2
  exit 1
fi

missing=()
for package; do
  status=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) || true
  [[ $status == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

install="apt-get install -y --no-install-recommends ${missing[*]}"
if ((EUID)); then
  printf 'these packages are missing, and installing them takes root rights:\n\n  sudo apt-get update && sudo %s\n' "$install" >&2
  exit 1
fi
echo "Installing ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update
# dpkg tells its progress on standard output; errors still come through
$install -qq -o Dpkg::Use-Pty=0 >/dev/null
