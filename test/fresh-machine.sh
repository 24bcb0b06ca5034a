#!/usr/bin/env bash
# Runs commands on a fresh machine: Debian 12 as debootstrap installs it, Node.js and npm, and nothing else. The working
# directory is a clone of this project at its last commit. Everything that a command installs or writes is deleted afterwards.
#
# usage: [AS=user] [WITH='PACKAGE ...'] [NODE=VERSION] fresh-machine.sh COMMAND ...
#
#   COMMAND   a command line for bash; each one gets its own machine, and the first that fails ends the script
#   AS=user   run it as a user without root rights
#   WITH      Debian packages to install first
#   NODE      the newest Node.js of that version (22, 24) instead of this machine's
#
# example: AS=user WITH='bubblewrap busybox-static python3' test/fresh-machine.sh 'npm ci && npm run demo'
# needs:   root on Debian 12. debootstrap is installed if it is missing. The base system is kept in $FRESH_MACHINES.
set -euo pipefail
(($# > 0)) || { sed -n '5,14p' "$0" >&2; exit 2; }
((EUID == 0)) || { echo "fresh-machine.sh: root rights are needed to create the machine" >&2; exit 2; }
here=$(dirname "$(realpath "$0")")
project=$(dirname "$here")
machines=${FRESH_MACHINES:-/var/tmp/cdk-binary-layer-machines}
base=$machines/base
"$here/setup.sh" debootstrap

# Mirrors, proxies, keys and certificates are this machine's: without them some networks have no packages.
copy_settings() {
  local path
  rm -f "$1/etc/apt/sources.list"
  for path in /etc/apt/{apt.conf.d,auth.conf.d,keyrings,trusted.gpg.d,sources.list,sources.list.d} /etc/ssl/certs /usr/local/share/ca-certificates; do
    [[ ! -e $path ]] || cp -aL --parents "$path" "$1/" 2>/dev/null || true
  done
  local prefix=$1/usr/local/etc/npmrc
  mkdir -p "${prefix%/*}"
  cat "$(npm config get globalconfig)" >"$prefix" 2>/dev/null || true
  [[ ! -e ~/.npmrc ]] || install -m 600 ~/.npmrc "$1/root/.npmrc"
}

# usage: install_node BASE: this machine's Node.js and npm
install_node() {
  local npm
  npm=$(dirname "$(dirname "$(realpath "$(command -v npm)")")")
  install -D "$(realpath "$(command -v node)")" "$1/usr/local/bin/node"
  mkdir -p "$1/usr/local/lib/node_modules"
  cp -a "$npm" "$1/usr/local/lib/node_modules/"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$1/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$1/usr/local/bin/npx"
}

# usage: replace_node MACHINE VERSION: the binary of the npm package that `node` installs
replace_node() {
  local package
  package=$(cd "$1/tmp" && npm pack --silent "node-linux-$(node -p process.arch)@$2")
  tar -xzf "$1/tmp/$package" -C "$1/usr/local" --strip-components=1 package/bin/node
  rm "$1/tmp/$package"
}

make_base() {
  local site
  site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/\?$')
  rm -rf "$base"
  mkdir -p "$base"
  debootstrap --variant=minbase --include=ca-certificates bookworm "$base" "$site" >"$machines/debootstrap.log" 2>&1 ||
    { tail -n 3 "$machines/debootstrap.log" >&2; return 1; }
  copy_settings "$base"
  install_node "$base"
  chroot "$base" useradd --create-home user
  [[ ! -e $base/root/.npmrc ]] || chroot "$base" install -o user -m 600 /root/.npmrc /home/user/.npmrc
}

mkdir -p "$machines"
exec {lock}>"$machines/lock"
flock "$lock"
made_by="$(sha256sum <"$0") $(node --version)"
if [[ $(cat "$base/.made-by" 2>/dev/null) != "$made_by" ]]; then
  echo "fresh-machine.sh: installing the base system, which takes a minute" >&2
  make_base
  echo "$made_by" >"$base/.made-by"
fi
flock --unlock "$lock"

user=${AS:-root}
home=/root
[[ $user == root ]] || home=/home/$user
trust=()
for name in NODE_EXTRA_CA_CERTS SSL_CERT_FILE; do [[ -z ${!name:-} ]] || trust+=("$name=${!name}"); done
machine=
trap '[[ -z $machine ]] || rm -rf --one-file-system "$machine"' EXIT

for command; do
  machine=$(mktemp -d "$machines/machine-XXXXXX")
  chmod 755 "$machine"
  cp -a --reflink=auto "$base/." "$machine/"
  cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"
  [[ -z ${NODE:-} ]] || replace_node "$machine" "$NODE"
  git clone -q --no-hardlinks "$project" "$machine/project"
  [[ $user == root ]] || chroot "$machine" chown -R "$user" /project
  code=0
  # pivot_root and not chroot: inside a chroot the kernel refuses user namespaces, which the sandbox needs
  unshare --mount --pid --fork --kill-child --propagation private bash -euc '
    mount --bind "$0" "$0"
    mount --rbind /dev "$0/dev"
    mount --rbind /sys "$0/sys"
    cd "$0"
    mkdir .old
    pivot_root . .old
    mount -t proc proc /proc
    umount -l /.old
    rmdir /.old
    mount --make-rshared /
    cd /
    exec "$@"
  ' "$machine" env -i HOME="$home" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb LANG=C.UTF-8 \
    ${CI:+"CI=$CI"} "${trust[@]}" bash -euc '
    user=$0 packages=$1 command=$2
    if [[ -n $packages ]]; then
      export DEBIAN_FRONTEND=noninteractive
      apt-get -qq update
      apt-get -qq install -y --no-install-recommends $packages >/dev/null
    fi
    cd /project
    exec setpriv --reuid "$user" --regid "$user" --init-groups bash -c "$command"
  ' "$user" "${WITH:-}" "$command" </dev/null || code=$?
  rm -rf --one-file-system "$machine"
  machine=
  ((code == 0)) || { echo "fresh-machine.sh: exit code $code, expected 0: $command" >&2; exit "$code"; }
done
