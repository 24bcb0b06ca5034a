#!/bin/bash
# Prints the bytes that each user transferred, the largest first. Reads {"events": [{"user": …, "bytes": …}, …]}.
set -euo pipefail

jq -r '.events | group_by(.user)[] | [(map(.bytes) | add), .[0].user] | @tsv' | sort -rn | head -n "${1:-10}"
