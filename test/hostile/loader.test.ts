/**
 * Loader caches, loader configuration and ELF files that are made to take their reader's time or memory. Each is an error that names the
 * file, or has the result of an ordinary one. A hang fails by jest's time limit.
 */
import { FormatError, readElf } from '../../lib/elf';
import { LIMITS } from '../../lib/limits';
import { globMatcher } from '../../lib/loader/glob';
import { configuredDirectories } from '../../lib/loader/ld-so-conf';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { find, LIB, Packaged } from '../collect/packaged';
import { build, halfWords, words } from '../elf/bytes';
import { elfFile } from '../fixture';

const LOADER = '/lib64/ld-linux-x86-64.so.2';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

describe('ld.so.conf', () => {
  const directories = () => configuredDirectories(new DirectoryRoot(root.directory));

  test('with a pattern of many asterisks is matched in linear time', () => {
    root.write({
      '/etc/ld.so.conf': `include /etc/c/${'*a'.repeat(12)}*b /etc/c/${'*a'.repeat(12)}*\n`,
      [`/etc/c/${'a'.repeat(250)}`]: '/x\n',
    });
    expect(directories()).toEqual(['/x']);
  });

  test('with a long chain of includes is followed without recursion, up to a limit', () => {
    for (let depth = 0; depth < 999; depth++) root.write({ [`/etc/c/${depth}`]: `include ${depth + 1}\n/d${depth}\n` });
    root.write({ '/etc/ld.so.conf': 'include c/0\n' });
    expect(directories()).toHaveLength(999);
    root.write({ '/etc/c/999': 'include 1000\n', '/etc/c/1000': '' });
    expect(directories).toThrow('/etc/c/999: found 1001 included loader configuration files, expected at most 1000');
  });

  test('with files that all include each other is an error', () => {
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
  ['*', 'a', true],
  ['*', '', true],
  ['*', '.a', false],
  ['.*', '.a', true],
  ['\\.*', '.a', true],
  ['?', '.', false],
  ['a?', 'ab', true],
  ['a?', 'a', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[^a-c]x', 'dx', true],
  ['[]]', ']', true],
  ['[!]]', ']', false],
  ['[]', '[]', true],
  ['[a-]', '-', true],
  ['a*b*c', 'aXbYbZc', true],
  ['a*b*c', 'aXbYbZ', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['{a,b}', 'a', false],
  ['a|b', 'a', false],
  ['a\\', 'a\\', true],
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
    return Buffer.concat([
      header,
      ...Array.from({ length: count }, () => halfWords(0x303, strings, strings, 0, 0, 0)),
      Buffer.from(`${string}\0`),
    ]);
  }
  const read = (bytes: Buffer) => {
    root.write({ '/etc/ld.so.cache': bytes });
    return settingOf(new DirectoryRoot(root.directory), 'x86_64').cache!;
  };

  test('with more entries than any system has libraries is an error', () => {
    expect(() => read(cache(200_001, 'x'))).toThrow('/etc/ld.so.cache: found 200001 entries of a loader cache, expected at most 200000');
  });

  test('with entries that share the same bytes over and over is an error', () => {
    expect(() => read(cache(2000, 'x'.repeat(4000)))).toThrow(
      /^\/etc\/ld\.so\.cache: found \d+ bytes of strings in the entries, expected at most \d+/,
    );
  });

  test('is read without names that are longer than a path can be', () => {
    expect(read(cache(10, 'x'.repeat(5000))).size).toBe(0);
  });
});

describe('an ELF file', () => {
  const parse = (bytes: Buffer) => () => readElf(bytes);

  test('with too many dynamic entries is a format error', () => {
    const dynamic = Array.from({ length: LIMITS.dynamicEntries.most + 1 }, () => [1, 0] as const);
    expect(parse(build({ dynamic }))).toThrow(
      new FormatError('found 65537 entries of a dynamic section, expected at most 65536', 120 + 56),
    );
  });

  test('with too many versions that share each other\'s bytes is a format error', () => {
    // each of 1,000 entries refers to the same chain of 1,000 versions
    const [files, versions] = [1000, 1000];
    const table = Buffer.alloc(16 * (files + versions));
    for (let index = 0; index < files; index++) {
      table.writeUInt16LE(1, index * 16);
      table.writeUInt32LE((files - index) * 16, index * 16 + 8);
      table.writeUInt32LE(index === files - 1 ? 0 : 16, index * 16 + 12);
    }
    for (let index = 0; index < versions - 1; index++) table.writeUInt32LE(16, (files + index) * 16 + 12);
    const bytes = build({
      blocks: { strings: Buffer.alloc(100_000), table },
      dynamic: [
        [5, 'strings'],
        [10, 100_000],
        [0x6ffffffe, 'table'],
      ],
    });
    expect(parse(bytes)).toThrow(/found 100001 symbol versions, expected at most 100000/);
  });

  test('that needs tens of thousands of missing versions is an error that names the first', () => {
    const count = 60_000;
    const names = (letter: string) =>
      Buffer.from(`\0libv.so\0${Array.from({ length: count }, (_, index) => `${letter}${String(index).padStart(7, '0')}\0`).join('')}`);
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
        dynamic: [
          [1, 1],
          [5, 'strings'],
          [10, wanted.length],
          [0x6ffffffe, 'need'],
        ],
      }),
      [`${LIB}/libv.so`]: build({
        blocks: { strings: had, definitions },
        dynamic: [
          [14, 1],
          [5, 'strings'],
          [10, had.length],
          [0x6ffffffc, 'definitions'],
        ],
      }),
    });
    expect(() => find(root)).toThrow('version A0000000 not found, needed by /usr/bin/rig');
  });

  test('with a search path of too many directories is an error that names the file', () => {
    root.install('rig', { '/usr/bin/rig': elfFile({ interpreter: LOADER, needed: ['libx.so'], runpath: '/a:'.repeat(1000) }) });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 1001 library directories of one search path, expected at most 1000');
  });

  test('whose search path is searched for too many libraries is an error that names the file', () => {
    const names = Array.from({ length: 600 }, (_, index) => `lib${index}.so`);
    const directories = Array.from({ length: 1000 }, (_, index) => `/${index}`).join(':');
    root.install('rig', { '/usr/bin/rig': elfFile({ interpreter: LOADER, needed: names, runpath: directories }) });
    for (const name of names) root.write({ [`${LIB}/${name}`]: elfFile({ soname: name }) });
    expect(() => find(root)).toThrow(
      '/usr/bin/rig: found 500001 places searched for the libraries of one program, expected at most 500000',
    );
  });

  test('whose string table claims gigabytes is a format error, without an allocation of that size', () => {
    const size = 300 * 1024 * 1024;
    const bytes = Buffer.alloc(size);
    build({
      blocks: { strings: Buffer.alloc(8) },
      dynamic: [
        [5, 'strings'],
        [10, 200 * 1024 * 1024],
      ],
    }).copy(bytes);
    bytes.set(words(size, size), 64 + 32); // the segment is the whole file
    expect(parse(bytes)).toThrow(/found 209715200 bytes of a string table, expected at most 134217728/);
  });
});
