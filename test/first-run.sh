#!/usr/bin/env bash
# Writes docs/first-run.md: a transcript of the README's first commands on Debian 12 machines where only Node.js is installed.
# What is committed counts.
#
# usage: first-run.sh           as root on Debian 12: see fresh-machine.sh
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
# npm sets it to the path of node; for fresh-machine.sh, it is a version
unset NODE
transcript=$(mktemp)
trap 'rm -f "$transcript"' EXIT
trap 'echo "first-run.sh: a command failed:" >&2; tail -n 20 "$transcript" >&2' ERR

{
  cat <<END
# First run

A transcript of the README's first commands, in clones of this repository on Debian 12 machines with nothing but Node.js $(node --version)
and the packages that are named below. \`npm run first-run\` writes it. The times are those of a machine with $(nproc) cores that was busy with
other work.

## The demo

As root, because the demo installs bubblewrap, busybox-static and python3:

\`\`\`console
END
  test/fresh-machine.sh 'test/first-run-commands.sh demo'
  cat <<END
\`\`\`

## A program of your own

As a user without root rights. \`gcc libc6-dev bubblewrap busybox-static\` are installed. The package is built from the clone; once it is
published, \`npm install cdk-binary-layer\` replaces the first three commands.

\`\`\`console
END
  AS=user WITH='gcc libc6-dev bubblewrap busybox-static' test/fresh-machine.sh 'test/first-run-commands.sh own'
  echo '```'
} >"$transcript"
cp "$transcript" docs/first-run.md
