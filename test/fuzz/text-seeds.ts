/**
 * A valid file for each reader of texts, with the words that have a meaning in its format.
 */
import type { Seed } from './mutate';
import { SEPARATORS } from '../../lib/packages/rpm';

const text = (content: string, ...dictionary: string[]): readonly Seed[] => [{ bytes: Buffer.from(content, 'latin1'), words: dictionary }];

export const LOADER_CONFIGURATION = text(
  '# first\n/opt/lib # mine\ninclude /etc/ld.so.conf.d/*.conf more/[a-c]?\nhwcap 1 nosegneg\n/usr/lib=libc6\n/x//\n',
  'include ',
  '*',
  '[',
  ']',
  '[!',
  '\\',
  '?',
  '/etc/ld.so.conf',
  '/etc/*',
  '#',
  '=',
  'hwcap ',
  '*a',
);
export const DPKG_STATUS = text(
  'Package: rig\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.1-2\nSource: rig (1)\n' +
  'Depends: libc6 (>= 2.3) | libx:any, base\nProvides: rig-data (= 1)\n' +
    'Description: x\n more\n\nPackage: libc6\nStatus: install ok triggers-awaited\nArchitecture: amd64\n' +
    'Multi-Arch: same\nEssential: yes\nRecommends: rig\nPre-Depends: rig\n\n',
  'Package: ',
  'Status: install ok installed',
  'Depends: ',
  'Provides: ',
  'Source: ',
  'Multi-Arch: same',
  ', ',
  ' | ',
  '(',
  ')',
  ':any',
  'Architecture: amd64\n',
  '__proto__',
  'constructor',
);
export const DPKG_LIST = text(
  '/.\n/usr\n/usr/bin\n/usr/bin/rig\n/lib/x\n/usr/share/rig\n/usr/share/rig/a b\n',
  '/usr/bin/rig\n',
  '/../',
  '//',
  '/.',
  '/usr/share/rig\n',
);
export const APK = text(
  'C:Q1\nP:rig\nV:1.1-r0\nA:x86_64\no:rig\nD:so:libc.musl-x86_64.so.1 cmd:sh>=1.2 !none\n' +
  'p:so:librig.so=1 cmd:rig\ni:base musl\nF:usr/bin\nR:rig\na:0:0:755\nF:\n\nP:musl\nV:1\n\n',
  'P:',
  'D:',
  'p:',
  'i:',
  'F:',
  'R:',
  '\n\n',
  '!',
  '>=',
  'so:',
  'rig',
  'musl',
  '__proto__',
  'F:usr\n',
  '../',
);
const [ELEMENT, FIELD, PACKAGE] = SEPARATORS;
export const RPM: readonly Seed[] = text(
  [
    'rig',
    '1-1',
    'x86_64',
    'rig-1.1-2.src.rpm',
    '8',
    `(a >= 1 if b)${ELEMENT}/bin/sh${ELEMENT}`,
    `x${ELEMENT}`,
    `rig${ELEMENT}`,
    `/usr/bin/rig${ELEMENT}`,
    `${'0'.repeat(64)}${ELEMENT}`,
  ].join(FIELD) + PACKAGE,
  FIELD,
  ELEMENT,
  PACKAGE,
  '(none)',
  ' if ',
  ' and ',
  '(',
  ')',
  '-',
  'noarch',
  '.src.rpm',
);
export const STRACE = text(
  '12 execve("/usr/bin/rig", ["rig"], 0x7ffc /* 5 vars */) = 0\n' +
  '[pid 13] 12:00:00.1 openat(AT_FDCWD</tmp>, "/etc/x\\303\\244\\x41", O_RDONLY|O_CLOEXEC) = 3</etc/x>\n' +
    '12 openat(AT_FDCWD, "a" <unfinished ...>\n13 clone(child_stack=NULL, flags=SIGCHLD) = 14\n' +
    '12 <... openat resumed>, O_RDONLY) = 4\n14 chdir("/srv") = 0\n' +
    '14 open("x", O_WRONLY|O_CREAT, 0666) = 3\n14 creat("/tmp/x", 0666) = 3\n' +
    '14 openat(5</usr/share>, "rig", O_RDONLY) = -1 ENOENT\n14 +++ exited with 0 +++\n',
  'open("',
  '", O_RDONLY) = 3\n',
  ' <unfinished ...>\n',
  '<... openat resumed>',
  '\\x',
  '\\',
  '"',
  'AT_FDCWD',
  'execve("',
  '12 ',
  '(+ 1.2)',
  'openat(',
  '<',
  '>',
  ') = 0',
);
export const COPYRIGHT = text(
  'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: rig\n\nFiles: *\n' +
  'Copyright: 2000 X\nLicense: GPL-2+ or MIT/X11\n text\n\nLicense: LGPLv2.1+\n .\n text\n',
  'License: ',
  'GPL-2',
  'Format: ',
  '\n\n',
  ' .\n',
  'expat',
  'https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
);
export const SCRIPT = text(
  '#!/usr/bin/env -S bash -e\n# comment\nPATH=/usr/bin:$PATH export LD_LIBRARY_PATH="/usr/lib"\n' +
  'if true; then exec nice convert "a" | rig; fi\nx=$(gs -q) `jq .` /usr/share/rig/data\n' +
    "prefix, 'lib', 'rig'\nFile.join('/', 'var', 'lib')\nA='x' B=\"y\" cmd /a/b\n",
  '#!',
  ' ',
  '\t',
  '\r',
  'env ',
  '-S ',
  ';',
  '|',
  '`',
  '$(',
  'a=',
  'exec ',
  '"',
  "'",
  '/a/b ',
  "prefix,'lib','x'",
  "'/','a'",
  '#',
  '{',
  'then ',
  'a=; ',
);
export const RECORD = text(
  '{"version":1,"machine":"x86_64","distribution":{"id":"debian","version":"12"},' +
    '"packages":[{"name":"rig","version":"1","architecture":"amd64","source":"rig","type":"deb"}],' +
    '"files":{"/usr/bin/rig":{"package":"rig","why":"requested"}}}\n',
  '[',
  ']',
  '{',
  '}',
  'null',
  '0',
  '"',
  ',',
  ':',
  '"__proto__"',
  '1e999',
  '[[',
  '"\\ud800"',
);
export const CONTROL = text(
  'Package: rig\nArchitecture: amd64\nDepends: a (>= 1) | b:any, c\nProvides: x\nMulti-Arch: same\n',
  'Package: ',
  '\n\n',
  'Depends: ',
  ', ',
  '../',
  '/',
);
