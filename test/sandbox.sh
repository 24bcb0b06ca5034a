#!/usr/bin/env bash
# Runs a command the way Lambda would, on this machine: the unpacked layer LAYER at /opt, the function's
# code TASK at /var/task, only /tmp writable, no network, no privileges, the environment of a Python
# function.
#
# usage: sandbox.sh [OPTION ...] LAYER TASK COMMAND [ARG ...]      needs: bubblewrap
#
#   --root DIR          the root file system; the first option. Default: the machine's own
#   --hide PATH         an empty directory or file at PATH of the machine's root
#   --bind FILE PATH    show FILE at PATH, in a directory that exists in the sandbox
#   --writable DIR PATH the same with a directory that the command can write to
#   --setenv NAME VALUE a variable
#   --network           the machine's network, for servers on its loopback interface
set -euo pipefail

# Without root's privileges, a root below /root cannot be seen. A mount of this process alone can.
if ((EUID == 0)) && [[ ${1-} == --root && $2 != /mnt ]]; then
  exec unshare --mount --propagation private bash -euc 'mount --bind "$1" /mnt; shift; exec "$0" --root /mnt "$@"' "$0" "${@:2}"
fi

hidden=() bound=() variables=() sealed=() network=(--unshare-net)
root=(--ro-bind / /)
while [[ ${1-} == --* ]]; do
  case $1 in
    --network) network=(); shift; continue ;;
    --root) root=(--ro-bind "$2/usr" /usr) sealed=(--remount-ro /)
      for path in "$2"/etc/*; do root+=(--ro-bind-try "$path" "/etc/${path##*/}"); done
      exec 9<<<'sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin'
      root+=(--ro-bind-data 9 /etc/passwd)
      for name in bin lib lib64; do [[ ! -e $2/$name ]] || root+=(--symlink "usr/$name" "/$name"); done ;;
    --hide) if [[ -d $2 ]]; then hidden+=(--tmpfs "$2" --remount-ro "$2")
      elif [[ -e $2 ]]; then hidden+=(--ro-bind /dev/null "$2")
      fi ;;
    --bind) bound+=(--ro-bind "$2" "$3"); shift ;;
    --writable) bound+=(--bind "$2" "$3"); shift ;;
    --setenv) variables+=(--setenv "$2" "$3"); shift ;;
    *) echo "sandbox.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
(($# >= 3)) || { sed -n '2,14p' "$0" >&2; exit 2; }
layer=$1 task=$2
shift 2

# In a user namespace root's files would still be readable, as they are not on Lambda.
unprivileged=()
((EUID)) || unprivileged=(setpriv --reuid 993 --regid 990 --clear-groups)
# /var is a new one because /var/task has to be made in it; /proc the machine's, because containers refuse a new one.
exec "${unprivileged[@]}" bwrap --unshare-user --unshare-ipc "${network[@]}" --uid 993 --gid 990 \
  --die-with-parent --new-session "${root[@]}" "${hidden[@]}" \
  --tmpfs /var --dir /var/runtime --dir /var/lang --ro-bind "$task" /var/task "${bound[@]}" --remount-ro /var --ro-bind "$layer" /opt \
  --tmpfs /tmp --bind /proc /proc --dev /dev --remount-ro /dev "${sealed[@]}" --chdir /var/task --clearenv \
  --setenv PATH /var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin \
  --setenv LD_LIBRARY_PATH /var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib \
  --setenv LANG en_US.UTF-8 --setenv TZ :UTC --setenv PYTHONPATH /var/runtime \
  --setenv LAMBDA_TASK_ROOT /var/task --setenv LAMBDA_RUNTIME_DIR /var/runtime \
  --setenv AWS_LAMBDA_FUNCTION_NAME sandbox --setenv AWS_REGION us-east-1 "${variables[@]}" \
  "$@"
