/**
 * Roots that are made to keep their reader busy, or to fill its memory: of each there is an error that names the file, or the
 * layer that an ordinary root gives. A hang fails by jest's time limit.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { find, LIB, Packaged, programWith } from './collect/packaged';
import { build, halfWords, words } from './elf/bytes';
import { elfFile, Fixture } from './fixture';
import { readShebang } from '../lib/closure/script';
import { shellCommands } from '../lib/collect/shell-commands';
import { FormatError, readElf, SpecialFileError, useRegularFile } from '../lib/elf';
import { LIMITS, LimitError } from '../lib/limits';
import { configuredDirectories } from '../lib/loader/conf';
import { globMatcher } from '../lib/loader/glob';
import { settingOf } from '../lib/loader/setting';
import { apkDatabase } from '../lib/packages/apk';
import { PackagesByName } from '../lib/packages/by-name';
import { dpkgDatabase } from '../lib/packages/dpkg';
import { Root } from '../lib/root/root';

const GIB = 2 ** 30;
const LOADER = '/lib64/ld-linux-x86-64.so.2';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

function rig(content = programWith('/usr/share/rig/data')): Packaged {
  return root.install('rig', { '/usr/bin/rig': content, '/usr/share/rig/data': '' });
}

/** Makes a file that claims a size and takes no room. */
function sparse(inside: string, size: number, start: string | Buffer = ''): void {
  root.write({ [inside]: start });
  fs.truncateSync(root.locate(inside), size);
}

describe('a file larger than any layer', () => {
  test.each([3 * GIB, 10 * GIB])('of %d bytes, listed by the package, is an error that names it', (size) => {
    rig();
    sparse('/usr/share/rig/data', size);
    expect(() => find(root)).toThrow(new RegExp(`/usr/share/rig/data: found ${size} bytes of a file, expected at most 262144000; .*exclude`));
  });

  test('does no harm if it is excluded', () => {
    rig();
    sparse('/usr/share/rig/data', 3 * GIB);
    expect(find(root, 'rig', { exclude: ['/usr/share/rig/data'] }).data).toContain('/usr/bin/rig');
  });

  test('is an error as the program itself', () => {
    rig();
    sparse('/usr/bin/rig', 9 * GIB, programWith());
    fs.chmodSync(root.locate('/usr/bin/rig'), 0o755);
    expect(() => find(root)).toThrow(`binary 'rig': /usr/bin/rig is a 64-bit ELF file for x86_64 (found ${9 * GIB} bytes of a file, expected at most 262144000`);
  });

  test.each([
    ['/etc/ld.so.cache', 'a loader cache', LIMITS.loaderCache.most],
    ['/etc/ld.so.conf', 'a loader configuration file', LIMITS.loaderConfiguration.most],
    ['/var/lib/dpkg/status', 'a package database', LIMITS.packageStatus.most],
    ['/var/lib/dpkg/info/rig.list', 'the file lists of a package database', LIMITS.fileLists.most],
  ])('as %s is an error', (file, what, most) => {
    rig();
    sparse(file, 10 * GIB);
    expect(() => find(root)).toThrow(`${file}: found ${10 * GIB} bytes of ${what}, expected at most ${most}`);
  });

  test('as the database of apk is an error', () => {
    root.write({ '/usr/lib/apk/db/installed': '' });
    sparse('/usr/lib/apk/db/installed', 600 * 1024 * 1024);
    expect(() => apkDatabase(new Root(root.directory))).toThrow(LimitError);
  });
});

test('a file that a pipe replaced is refused, and nobody waits for a writer', () => {
  execFileSync('mkfifo', [root.locate('/etc/pipe')]);
  expect(() => useRegularFile(root.locate('/etc/pipe'), () => undefined)).toThrow(SpecialFileError);
  expect(() => new Root(root.directory).content('/etc/pipe')).toThrow(/\/etc\/pipe is not a regular file, expected one/);
});

test('a directory with too many entries is an error', () => {
  root.directories('/usr/share/rig');
  execFileSync('/bin/sh', ['-c', 'seq 65537 | xargs touch'], { cwd: root.locate('/usr/share/rig') });
  expect(() => new Root(root.directory).names('/usr/share/rig')).toThrow('/usr/share/rig: found 65537 entries of a directory, expected at most 65536');
});

describe('ld.so.conf', () => {
  const directories = () => configuredDirectories(new Root(root.directory));

  test('with a pattern of many stars is matched in linear time', () => {
    root.write({ '/etc/ld.so.conf': `include /etc/c/${'*a'.repeat(12)}*b /etc/c/${'*a'.repeat(12)}*\n`, [`/etc/c/${'a'.repeat(250)}`]: '/x\n' });
    expect(directories()).toEqual(['/x']);
  });

  test('that includes a file that includes a file, and so on, is followed without recursion up to a limit', () => {
    for (let depth = 0; depth < 999; depth++) root.write({ [`/etc/c/${depth}`]: `include ${depth + 1}\n/d${depth}\n` });
    root.write({ '/etc/ld.so.conf': 'include c/0\n' });
    expect(directories()).toHaveLength(999);
    root.write({ '/etc/c/999': 'include 1000\n', '/etc/c/1000': '' });
    expect(directories).toThrow('/etc/c/999: found 1001 included loader configuration files, expected at most 1000');
  });

  test('whose files all include all others is an error', () => {
    for (let index = 0; index < 400; index++) root.write({ [`/etc/c/${index}`]: 'include *\n' });
    root.write({ '/etc/ld.so.conf': 'include c/0\n' });
    expect(directories).toThrow(/^\/etc\/c\/\d+: found 100001 file names compared with include patterns, expected at most 100000/);
  });

  test('with too many directories is an error', () => {
    root.write({ '/etc/ld.so.conf': Array.from({ length: 1001 }, (_, index) => `/d${index}\n`).join('') });
    expect(directories).toThrow('/etc/ld.so.conf: found 1001 library directories of one search path, expected at most 1000');
  });

  test('that includes itself is read once', () => {
    root.write({ '/etc/ld.so.conf': 'include /etc/ld.so.conf\ninclude /etc/*.conf\n/x\n' });
    expect(directories()).toEqual(['/x']);
  });
});

test.each([
  ['*', 'a', true], ['*', '', true], ['*', '.a', false], ['.*', '.a', true], ['\\.*', '.a', true], ['?', '.', false], ['a?', 'ab', true], ['a?', 'a', false],
  ['[a-c]x', 'bx', true], ['[!a-c]x', 'bx', false], ['[^a-c]x', 'dx', true], ['[]]', ']', true], ['[!]]', ']', false], ['[]', '[]', true], ['[a-]', '-', true],
  ['a*b*c', 'aXbYbZc', true], ['a*b*c', 'aXbYbZ', false], ['\\*', '*', true], ['\\*', 'a', false], ['{a,b}', 'a', false], ['a|b', 'a', false], ['a\\', 'a\\', true],
])('the pattern %s matches the name %s: %s', (pattern, name, isMatch) => {
  expect(globMatcher(pattern)(name)).toBe(isMatch);
});

describe('ld.so.cache', () => {
  /** A cache all of whose entries share one string. */
  function cache(count: number, string: string): Buffer {
    const header = Buffer.alloc(48);
    header.write('glibc-ld.so.cache1.1');
    header.set(halfWords(count, string.length + 1), 20);
    const strings = 48 + count * 24;
    return Buffer.concat([header, ...Array.from({ length: count }, () => halfWords(0x303, strings, strings, 0, 0, 0)), Buffer.from(`${string}\0`)]);
  }
  const read = (bytes: Buffer) => {
    root.write({ '/etc/ld.so.cache': bytes });
    return settingOf(new Root(root.directory), 'x86_64').cache!;
  };

  test('with more entries than any system has libraries is an error', () => {
    expect(() => read(cache(200_001, 'x'))).toThrow('/etc/ld.so.cache: found 200001 entries of a loader cache, expected at most 200000');
  });

  test('whose entries read the same bytes over and over is an error', () => {
    expect(() => read(cache(2000, 'x'.repeat(4000)))).toThrow(/^\/etc\/ld\.so\.cache: found \d+ bytes of strings in the entries, expected at most \d+/);
  });

  test('leaves out names longer than any path', () => {
    expect(read(cache(10, 'x'.repeat(5000))).size).toBe(0);
  });
});

describe('an ELF file', () => {
  const parse = (bytes: Buffer) => () => readElf(bytes);

  test('with too many dynamic entries is a format error', () => {
    const dynamic = Array.from({ length: LIMITS.dynamicEntries.most + 1 }, () => [1, 0] as const);
    expect(parse(build({ dynamic }))).toThrow(new FormatError('found 65537 entries of a dynamic section, expected at most 65536', 120 + 56));
  });

  test('with too many versions, each of which shares the others, is a format error', () => {
    // each of 1,000 entries refers to the same chain of 1,000 versions
    const [files, versions] = [1000, 1000];
    const table = Buffer.alloc(16 * (files + versions));
    for (let index = 0; index < files; index++) {
      table.writeUInt16LE(1, index * 16);
      table.writeUInt32LE((files - index) * 16, index * 16 + 8);
      table.writeUInt32LE(index === files - 1 ? 0 : 16, index * 16 + 12);
    }
    for (let index = 0; index < versions - 1; index++) table.writeUInt32LE(16, (files + index) * 16 + 12);
    const bytes = build({ blocks: { strings: Buffer.alloc(100_000), table }, dynamic: [[5, 'strings'], [10, 100_000], [0x6ffffffe, 'table']] });
    expect(parse(bytes)).toThrow(/found 100001 symbol versions, expected at most 100000/);
  });

  test('that wants tens of thousands of versions which a library does not have is told the first', () => {
    const count = 60_000;
    const names = (letter: string) => Buffer.from(`\0libv.so\0${Array.from({ length: count }, (_, index) => `${letter}${String(index).padStart(7, '0')}\0`).join('')}`);
    const nameOf = (index: number) => 9 + index * 9;
    const need = Buffer.alloc(16 * (count + 1));
    need.writeUInt16LE(1, 0);
    need.set(halfWords(1, 16, 0), 4);
    const definitions = Buffer.alloc(28 * count);
    for (let index = 0; index < count; index++) {
      const next = index < count - 1;
      need.set(halfWords(nameOf(index), next ? 16 : 0), 16 * (index + 1) + 8);
      definitions.writeUInt16LE(1, 28 * index);
      definitions.set(halfWords(20, next ? 28 : 0, nameOf(index)), 28 * index + 12);
    }
    const interpreter = Buffer.from(`${LOADER}\0`);
    const [wanted, had] = [names('A'), names('B')];
    root.install('rig', {
      '/usr/bin/rig': build({
        headers: [{ type: 3, block: 'interpreter' }],
        blocks: { interpreter, strings: wanted, need },
        dynamic: [[1, 1], [5, 'strings'], [10, wanted.length], [0x6ffffffe, 'need']],
      }),
      [`${LIB}/libv.so`]: build({ blocks: { strings: had, definitions }, dynamic: [[14, 1], [5, 'strings'], [10, had.length], [0x6ffffffc, 'definitions']] }),
    });
    expect(() => find(root)).toThrow('version A0000000 not found, needed by /usr/bin/rig');
  });

  test('with a search path of too many directories is an error that names the file', () => {
    root.install('rig', { '/usr/bin/rig': elfFile({ interpreter: LOADER, needed: ['libx.so'], runpath: '/a:'.repeat(1000) }) });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 1001 library directories of one search path, expected at most 1000');
  });

  test('whose string table claims gigabytes is a format error before memory is allocated', () => {
    const size = 300 * 1024 * 1024;
    const bytes = Buffer.alloc(size);
    build({ blocks: { strings: Buffer.alloc(8) }, dynamic: [[5, 'strings'], [10, 200 * 1024 * 1024]] }).copy(bytes);
    bytes.set(words(size, size), 64 + 32); // the segment is the whole file
    expect(parse(bytes)).toThrow(/found 209715200 bytes of a string table, expected at most 134217728/);
  });
});

describe('a script', () => {
  test('whose first line has thousands of blanks is read in linear time', () => {
    expect(readShebang(Buffer.from(`#!a${' '.repeat(4000)}\rb\nexit\n`))).toEqual({ interpreter: 'a', argument: '\rb' });
  });

  test.each([
    ['#!/bin/sh', '/bin/sh', ''], ['#! \t/bin/sh -e  x \t\r\n', '/bin/sh', '-e  x'], ['#!/bin/a\u00a0b c', '/bin/a\u00a0b', 'c'],
  ])('%j is read as the kernel reads it, a carriage return at its end aside', (line, interpreter, argument) => {
    expect(readShebang(Buffer.from(line, 'latin1'))).toEqual({ interpreter, argument });
  });

  test('that is its own interpreter is an error', () => {
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/rig\n' });
    expect(() => find(root)).toThrow('is a script itself, expected a program');
  });

  test.each([
    ['assignments without end', 'a=; '.repeat(250_000) + '/'],
    ['assignments without blanks', 'a=;'.repeat(250_000) + '/'],
    ['quotes without end', 'a=" ;'.repeat(250_000)],
    ['separators', ';'.repeat(500_000)],
    ['words that take a command', '; exec'.repeat(100_000) + ' /'],
    ['one long word', `${'a'.repeat(1_000_000)}=`],
  ])('of %s is searched in linear time', (_, text) => {
    expect([...shellCommands(text)]).toEqual(text.includes('exec') ? ['exec'] : []);
  });

  test.each([
    ['convert a b', ['convert']], ['  if x=1 y="a b" convert; then rig|jq', ['convert', 'rig', 'jq']], ['exec nice gs -q', ['gs']], ['exec $x', ['exec']],
    ['/usr/bin/gs; a=$(date) b', ['b']], ['a="x"y gs', []], ['A=\'\n\' gs', []], ['done', ['done']], ['x=$(cmd /x)', ['cmd']],
  ])('%j starts %j', (text, commands) => {
    expect([...shellCommands(text)]).toEqual(commands);
  });

  test('that mentions paths without end is an error that names it', () => {
    root.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${'/a/b '.repeat(200_001)}` }).install('dash', { '/usr/bin/sh': programWith() });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 200001 absolute paths in a file, expected at most 200000');
  });

  test('that puts paths together without end is an error that names it', () => {
    root.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${'prefix,\'lib\',\'x\'\n'.repeat(200_001)}` }).install('dash', { '/usr/bin/sh': programWith() });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 200001 absolute paths in a file');
  });

  test('that carries an archive of megabytes is searched in its first part only', () => {
    root.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${'/a/b '.repeat(2_000_000)}` }).install('dash', { '/usr/bin/sh': programWith() });
    expect(find(root).data).toContain('/usr/bin/rig');
  });
});

test('packages of one source that depend on each other in a long chain are followed without recursion', () => {
  const count = 20_000;
  const stanza = (index: number) => `Package: ${index === 0 ? 'rig' : `p${index}`}\nStatus: install ok installed\nArchitecture: amd64\nSource: rig\nDepends: p${index + 1}\n`;
  rig();
  root.write({ '/var/lib/dpkg/status': Array.from({ length: count }, (_, index) => stanza(index)).join('\n') });
  expect(find(root).data).toEqual(expect.arrayContaining(['/usr/bin/rig', '/usr/share/rig/data'].map((file) => expect.stringContaining(file))));
});

test('links that lead from directory to directory in a long chain are followed without recursion', () => {
  rig();
  const count = 20_000;
  for (let index = 0; index < count; index++) root.directories(`/usr/share/rig/${index}`);
  for (let index = 1; index < count; index++) fs.symlinkSync(`../${index - 1}`, root.locate(`/usr/share/rig/${index}/before`));
  fs.symlinkSync(`rig/${count - 1}`, root.locate('/usr/share/rig-last'));
  expect(find(root, 'rig', { detectData: false, include: ['/usr/share/rig-last'] }).all).toEqual(expect.arrayContaining([expect.stringMatching(/\/usr\/share\/rig\/0$/)]));
});

describe('a package database', () => {
  const database = () => dpkgDatabase(new Root(root.directory), 'amd64')!;

  test('in which a package provides the same name 200,000 times lists that package once', () => {
    root.install('rig', {}, { Provides: 'a, '.repeat(200_000) }).install('other', {}, { Depends: 'a' });
    expect(database().get('other')!.depends).toEqual(['rig']);
  });

  test('with tens of thousands of packages of one source lists them all', () => {
    const stanzas = Array.from({ length: 60_000 }, (_, index) => `Package: p${index}\nStatus: install ok installed\nArchitecture: amd64\nSource: rig\n`);
    root.write({ '/var/lib/dpkg/status': stanzas.join('\n') });
    expect(database().builtFrom('rig')).toHaveLength(60_000);
  });

  test('with more packages than there are is an error', () => {
    root.write({ '/var/lib/dpkg/status': '\n\n'.repeat(100_001) });
    expect(database).toThrow('/var/lib/dpkg/status: found 100002 packages in a package database, expected at most 100000');
  });

  test('whose file lists have lines without end is an error', () => {
    root.write({ '/var/lib/dpkg/info/base-files.list': '\n'.repeat(LIMITS.fileListLines.most + 1) });
    expect(() => database().ownerOf('/x')).toThrow('/var/lib/dpkg/info: found 8000001 lines in the file lists of a package database, expected at most 8000000');
  });
});

test('directories nested as deep as paths can be are followed without recursion', () => {
  const fixture = new Fixture();
  const depth = 1500;
  execFileSync('/bin/sh', ['-c', `mkdir -p usr/share/rig && cd usr/share/rig && i=0; while [ $i -lt ${depth} ]; do mkdir n; cd n; i=$((i+1)); done`], { cwd: fixture.directory });
  const packages = new PackagesByName(new Root(fixture.directory));
  expect(packages.files(packages.get('rig'))).toHaveLength(depth + 1);
});
