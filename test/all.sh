#!/usr/bin/env bash
# `npm test`: installs packages, compiles, and runs the tests. Types and style are checked meanwhile, in one process with a low priority:
# neither installing nor compiling keeps both cores of a small machine busy, and the tests do not wait for the checks.
#
# usage: PACKAGES='DEBIAN-PACKAGE...' test/all.sh [ARGUMENT-OF-JEST]...
set -euo pipefail
log=$(mktemp)
jobs=()
finish() {
  # each job is a process group
  for job in "${jobs[@]}"; do kill -- "-$job" 2>/dev/null || true; done
  rm -f "$log"
}
trap finish EXIT

setsid nice npx projen eslint --rulesdir test/rules --rule 'types: error' >"$log" 2>&1 &
style=$!
setsid npx projen compile &
compile=$!
jobs=("$style" "$compile")

# shellcheck disable=SC2086 # a list of words
test/setup.sh $PACKAGES
wait "$compile"
status=0
npx jest --ci "$@" || status=$?
wait "$style" || status=$?
cat "$log"
exit "$status"
