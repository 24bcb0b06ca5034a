#!/usr/bin/env bash
# Runs a command the way Lambda would, on this machine: the unpacked layer LAYER at /opt, the function's
# code TASK at /var/task, only /tmp writable, no network, no privileges, the environment of a Python
# function. The rest of / is the machine's own, but for what --hide names.
#
# usage: sandbox.sh [--hide PATH] ... LAYER TASK COMMAND [ARG ...]      needs: bubblewrap
set -euo pipefail

hidden=()
while [[ ${1-} == --hide ]]; do
  path=$2
  shift 2
  if [[ -d $path ]]; then hidden+=(--tmpfs "$path" --remount-ro "$path")
  elif [[ -e $path ]]; then hidden+=(--ro-bind /dev/null "$path")
  fi
done
(($# >= 3)) || { sed -n '2,6p' "$0" >&2; exit 2; }
layer=$1 task=$2
shift 2

# In a user namespace root's files would still be readable, as they are not on Lambda.
unprivileged=()
((EUID)) || unprivileged=(setpriv --reuid 993 --regid 990 --clear-groups)
# /var is a new one because /var/task has to be made in it; /proc the machine's, because containers refuse a new one.
exec "${unprivileged[@]}" bwrap --unshare-user --unshare-ipc --unshare-net --uid 993 --gid 990 \
  --die-with-parent --new-session --ro-bind / / "${hidden[@]}" \
  --tmpfs /var --dir /var/runtime --ro-bind "$task" /var/task --remount-ro /var --ro-bind "$layer" /opt \
  --tmpfs /tmp --bind /proc /proc --dev /dev --remount-ro /dev --chdir /var/task --clearenv \
  --setenv PATH /var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin \
  --setenv LD_LIBRARY_PATH /var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib \
  --setenv LANG en_US.UTF-8 --setenv TZ :UTC --setenv PYTHONPATH /var/runtime \
  --setenv LAMBDA_TASK_ROOT /var/task --setenv LAMBDA_RUNTIME_DIR /var/runtime \
  --setenv AWS_LAMBDA_FUNCTION_NAME sandbox --setenv AWS_REGION us-east-1 \
  "$@"
