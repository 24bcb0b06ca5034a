/**
 * Stand-ins for programs that maintainer scripts call. These small scripts replace programs that register something with a running
 * system, programs that are absent or do not work in the sandbox, and programs whose output differs from run to run.
 */

/** The directory in the sandbox that contains the stand-ins and the record of their calls, while a maintainer script runs. */
export const STAND_INS = '/.replay';

/** The recorded calls: for each, the number of words and the words, all NUL-terminated (no word can contain a NUL). */
export const RECORD = `${STAND_INS}/record`;

/** Replaced by empty scripts: the sandbox has no users, services or hooks, and all its files have one owner. */
const NO_OPS = [
  'adduser',
  'addgroup',
  'deluser',
  'delgroup',
  'useradd',
  'groupadd',
  'usermod',
  'groupmod',
  'userdel',
  'groupdel',
  'chown',
  'chgrp',
  'setcap',
  'invoke-rc.d',
  'update-rc.d',
  'service',
  'start-stop-daemon',
  'systemctl',
  'systemd-sysusers',
  'systemd-tmpfiles',
  'systemd-hwdb',
  'udevadm',
  'deb-systemd-helper',
  'deb-systemd-invoke',
  'update-initramfs',
  'update-binfmts',
  'dpkg-divert',
  'dpkg-maintscript-helper',
  'ucfr',
  'install-docs',
  'mandb',
  // its caches contain the times of directories, which layers do not preserve
  'fc-cache',
  // our library search reads ld.so.conf itself
  'ldconfig',
];

const RECORDING = `printf '%s\\0' "$#" "$@" >> ${RECORD}`;

const SCRIPTS: Readonly<Record<string, string>> = {
  'update-alternatives': `case " $* " in
  *' --install '*|*' --set '*) ;;
  *' --list '*|*' --display '*|*' --query '*) exit 1 ;;
  *) exit 0 ;;
esac
${RECORDING}`,
  'dpkg-trigger': `set -- dpkg-trigger "$@"\n${RECORDING}`,
  'dpkg-statoverride': 'case " $* " in *\' --list \'*) exit 1 ;; esac',
  'dpkg-query': 'exec dpkg "$@"',
  // ucf --three-way --debconf-ok NEW PLACE
  'ucf': [
    'while [ $# -gt 2 ]; do shift; done',
    '[ -f "$1" ] || exit 0',
    '[ -e "$2" ] || { mkdir -p "$(dirname "$2")"; cp "$1" "$2"; }',
  ].join('\n'),
  // Debian's busybox has no install
  'install': `
directories= mode=
while :; do
  case $1 in
    -d|--directory) directories=1 ;;
    -m) mode=$2; shift ;;
    -o|-g) shift ;;
    -*) ;;
    *) break ;;
  esac
  shift
done
if [ "$directories" ]; then mkdir -p "$@"; else cp "$@"; fi
[ -z "$mode" ] || { while [ $# -gt 1 ] && [ -z "$directories" ]; do shift; done; chmod "$mode" "$@"; }`,
  // there is no previous installation: an empty version is earlier than any, except for the -nl operators
  'dpkg': `
while [ $# -gt 0 ]; do
  case $1 in
    --print-architecture) echo "$DPKG_MAINTSCRIPT_ARCH"; exit ;;
    --print-foreign-architectures) exit ;;
    -L|--listfiles) cat /var/lib/dpkg/info/"$2".list /var/lib/dpkg/info/"\${2%:*}:$DPKG_MAINTSCRIPT_ARCH".list 2>/dev/null; exit ;;
    -s|--status|-W|--show) ls /var/lib/dpkg/info/"\${2%:*}".list /var/lib/dpkg/info/"\${2%:*}":*.list >/dev/null 2>&1; exit ;;
    --compare-versions)
      case $3 in
        *-nl) [ -n "$2" ] && [ -n "$4" ] || { case $3 in lt-nl|le-nl) [ -z "$4" ] && [ -n "$2" ];; *) [ -z "$2" ];; esac; exit; } ;;
      esac
      least=$(printf '%s\\n%s\\n' "$2" "$4" | sort -V | head -n 1)
      order=eq
      [ "$2" = "$4" ] || { order=gt; [ "$least" != "$2" ] || order=lt; }
      case $order/\${3%-nl} in
        lt/lt|lt/le|lt/ne|lt/'<<'|lt/'<=') exit 0 ;;
        eq/eq|eq/le|eq/ge|eq/'='|eq/'<='|eq/'>=') exit 0 ;;
        gt/gt|gt/ge|gt/ne|gt/'>>'|gt/'>=') exit 0 ;;
      esac
      exit 1 ;;
  esac
  shift
done`,
};

/**
 * debconf's library for shell scripts. It never prompts: every question is answered with its default.
 *
 * confmodule(3). Answers are discarded when the script ends.
 */
export const CONFMODULE = `
_kept=/tmp/.debconf
_field() {
  cat /var/lib/dpkg/info/*.templates 2>/dev/null | awk -v question="$1" -v field="$2: " '
    /^Template: / { found = $2 == question }
    found && tolower(substr($0, 1, length(field))) == tolower(field) { print substr($0, length(field) + 1); exit }'
}
_keep() { mkdir -p "$_kept/$1"; printf '%s' "$3" > "$_kept/$1/$2"; }
db_get() {
  RET=
  if [ -f "$_kept/$1/value" ]; then RET=$(cat "$_kept/$1/value"); return 0; fi
  [ -n "$(_field "$1" Type)" ] || return 10
  RET=$(_field "$1" Default)
}
db_set() { _keep "$1" value "$2"; }
db_subst() { _keep "$1" "subst-$2" "$3"; }
db_metaget() {
  RET=$(_field "$1" "$2")
  case $RET in '\${'*'}') _name=\${RET#'\${'}; RET=$(cat "$_kept/$1/subst-\${_name%'}'}" 2>/dev/null) ;; esac
  return 0
}
db_fget() { RET=$(cat "$_kept/$1/flag-$2" 2>/dev/null) || RET=false; }
db_fset() { _keep "$1" "flag-$2" "$3"; }
db_reset() { rm -rf "$_kept/$1"; }
db_version() { RET=2.0; }
db_capb() { RET=; }
db_stop() { :; }
for _name in input go title settitle info register unregister purge clear beginblock endblock progress x_loadtemplatefile x_save; do
  eval "db_$_name() { RET=; }"
done
`;

/** Stand-in programs, by name. */
export const STAND_IN_SCRIPTS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(NO_OPS.map((name) => [name, ''])),
  ...SCRIPTS,
};

/** Additional stand-ins for programs of other architectures, which do not run here. No script needs the output of these programs. */
export const FOREIGN_SCRIPTS: Readonly<Record<string, string>> = { openssl: '' };
