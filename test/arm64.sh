#!/usr/bin/env bash
# Runs a program of an unpacked layer for arm64 on x86, the way Lambda would: QEMU in the root ROOT of that architecture,
# the layer LAYER at /opt, the function's code TASK at /var/task, only /tmp writable, Lambda's environment. What the
# program starts itself does not run: that would take binfmt_misc.
#
# usage: arm64.sh ROOT LAYER TASK PROGRAM [ARG ...]      needs: bubblewrap, qemu-user-static
set -euo pipefail
(($# >= 4)) || { sed -n '2,6p' "$0" >&2; exit 2; }
root=$1 layer=$2 task=$3
shift 3
binds=()
for file in "$root"/*; do
  name=${file##*/}
  case $name in dev | proc | tmp | opt | var) continue ;; esac
  if [[ -L $file ]]; then binds+=(--symlink "$(readlink "$file")" "/$name"); else binds+=(--ro-bind "$file" "/$name"); fi
done
exec bwrap --unshare-user --unshare-pid --unshare-ipc --unshare-net --uid 993 --gid 990 --die-with-parent --new-session \
  "${binds[@]}" --ro-bind "$(command -v qemu-aarch64-static)" /qemu --ro-bind "$layer" /opt --dir /var/runtime --ro-bind "$task" /var/task \
  --tmpfs /tmp --proc /proc --dev /dev --remount-ro /dev --remount-ro / --chdir /tmp --clearenv \
  --setenv PATH /var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin \
  --setenv LD_LIBRARY_PATH /var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib \
  --setenv LANG en_US.UTF-8 --setenv TZ :UTC --setenv PYTHONPATH /var/runtime /qemu "$@"
