#!/usr/bin/env bash
# Checks types and style at the same time: each keeps one core busy for most of a minute.
#
# usage: test/lint.sh
set -euo pipefail
npx projen type-check &
types=$!
npx projen eslint || { wait "$types"; exit 1; }
wait "$types"
