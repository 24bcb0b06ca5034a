import { createHash } from 'crypto';
import * as fs from 'fs';
import { FormatError } from '../../lib/elf';
import { inspect } from '../../lib/root/content';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { elfFile, Fixture } from '../fixture';

describe('the kind of a file', () => {
  test.each([
    ['#!/bin/sh\necho\n', 'script'],
    ['#!', 'script'],
    ['plain text\n', 'text'],
    ['', 'text'],
    ['text, and then\0', 'data'],
    [`${'x'.repeat(4095)}\0`, 'data'],
    [`${'x'.repeat(4096)}\0`, 'text'],
    ['\x7fELG', 'text'],
  ])('with the content %j is %s', (text, kind) => {
    const content = inspect(Buffer.from(text, 'latin1'));
    expect(content.kind).toBe(kind);
    expect(content.elf).toBeUndefined();
  });

  test('that begins like an ELF file is elf, and the file is read', () => {
    const fixture = new Fixture();
    fixture.library('/libx.so', { needs: ['liby.so'] });
    const content = new DirectoryRoot(fixture.directory).content('/libx.so');
    expect(content.kind).toBe('elf');
    expect(content.elf).toMatchObject({ machine: 'x86_64', type: 'shared', dynamic: { soname: 'libx.so', needed: ['liby.so'] } });
  });

  test('that begins like an ELF file and cannot be read is elf, with the error', () => {
    const content = inspect(Buffer.from('\x7fELF and nothing more', 'latin1'));
    expect(content.kind).toBe('elf');
    expect(content.elf).toBeUndefined();
    expect(content.elfError).toBeInstanceOf(FormatError);
  });
});

test('the hash and size of a file are those of all of its bytes, and its head is the first 4096', () => {
  const bytes = Buffer.alloc(5000, 'ab');
  const content = inspect(bytes);
  expect(content).toMatchObject({ size: 5000, sha256: createHash('sha256').update(bytes).digest('hex') });
  expect(content.head.equals(bytes.subarray(0, 4096))).toBe(true);
});

test('paths are searched for in all files, except data over 1 MB and texts over 8 MB', () => {
  const mention = Buffer.from(' /usr/share/thing/file');
  expect(inspect(mention).mentions).toMatchObject([{ offset: 1, path: '/usr/share/thing/file' }]);
  expect(inspect(Buffer.concat([Buffer.alloc(1), mention])).mentions).toHaveLength(1);
  expect(inspect(Buffer.concat([Buffer.alloc(1 << 20), mention])).mentions).toEqual([]);
  expect(inspect(Buffer.concat([Buffer.alloc(1 << 20, 'x'), mention])).mentions).toHaveLength(1);
  expect(inspect(Buffer.concat([Buffer.alloc(1 << 23, 'x'), mention])).mentions).toEqual([]);
});

describe('paths among strings that nothing separates, as in Go and Rust', () => {
  const blob = `${'a'.repeat(80)}key/etc/rig/policy.jsonnext /usr/share/rig/namesend/srv/unused/x/var/lib/rig0${'b'.repeat(80)}`;
  const at = (text: string) => `blob + ${blob.indexOf(text)}`;
  const NONE = 'void _start(void) {}';
  const functions = ['/etc', 'next', 'end/', '/var', '0b'].map((text, nth) => `const char *f${nth}(void) { return ${at(text)}; }`);

  test.each([
    ['data', `const char *volatile table[] = { ${at('/etc')}, ${at('next')}, ${at('end/')}, ${at('/var')}, ${at('0b')} }; ${NONE}`],
    ['code', [...functions, NONE].join('\n')],
  ])('begin where %s refers to them, and end where the next string begins', (_, source) => {
    const fixture = new Fixture();
    const text = `#define S "${blob}"\nstatic const char blob[] = S;\n${source}`;
    fixture.compile('/prog', text, ['-O1', '-fPIE', '-pie', '-nostdlib']);
    const { mentions } = inspect(fs.readFileSync(fixture.locate('/prog')));
    expect(mentions.filter(({ path }) => /rig|unused/.test(path))).toMatchObject([
      { kind: 'whole', path: '/etc/rig/policy.json', isCounted: true },
      { kind: 'whole', path: '/usr/share/rig/names', isCounted: true },
      { kind: 'whole', path: '/var/lib/rig', isCounted: true },
    ]);
  });

  test('are not searched for behind a NUL: a string may be the end of another one', () => {
    const fixture = new Fixture();
    const source = `const char *volatile table[] = { "key/etc/rig/policy.json", "/etc/rig/policy.json" }; ${NONE}`;
    fixture.compile('/prog', source, ['-O1', '-fPIE', '-pie', '-nostdlib', '-Wl,-O1']);
    const { mentions } = inspect(fs.readFileSync(fixture.locate('/prog')));
    expect(mentions.filter((mention) => mention.kind === 'whole' && mention.isCounted)).toEqual([]);
  });
});

test('paths in debugging information are ignored: they name headers and sources', () => {
  const fixture = new Fixture();
  const source = '#include <stddef.h>\nextern const char *const data;\nconst char *const data = "/usr/share/rig/data"; size_t size;';
  fixture.compile('/libx.so', source, ['-g', '-shared', '-fPIC', '-nostdlib']);
  const bytes = fs.readFileSync(fixture.locate('/libx.so'));
  expect(bytes.includes('stddef.h')).toBe(true);
  expect(inspect(bytes).mentions.map((mention) => mention.path)).toEqual(['/usr/share/rig/data']);
});

test('a large library is searched completely, after other files were read as well', () => {
  const fixture = new Fixture();
  const source = 'const char *path = "/usr/share/thing/file", *library = "libother.so.1"; char large[100000] = "/usr/share/large/file";';
  fixture.library('/libx.so', { source });
  const root = new DirectoryRoot(fixture.directory);
  const content = root.content('/libx.so');
  fixture.write({ '/text': 'another' });
  expect(root.content('/text').kind).toBe('text');
  const whole = inspect(root.read('/libx.so'));
  expect(whole.mentions.map(({ path }) => path)).toEqual(expect.arrayContaining(['/usr/share/thing/file', '/usr/share/large/file']));
  expect(content.elf).toEqual(whole.elf);
  expect([content.sha256, content.mentions, content.libraries]).toEqual([whole.sha256, whole.mentions, ['libother.so.1']]);
  expect([content.size, content.carriesData]).toEqual([whole.size, false]);
});

test('a file of more than 1 MB has the hash of all of its bytes, whether it is searched or not', () => {
  const fixture = new Fixture();
  const mention = ' /usr/share/thing/file\n';
  fixture.write({ '/text': mention.padEnd(3_000_001, 'x'), '/data': `\0${mention}`.padEnd(3_000_001, 'x') });
  const root = new DirectoryRoot(fixture.directory);
  const found = ['/text', '/data'].map((file) => [file, root.content(file)] as const);
  const mentions = found.map(([file, content]) => [file, content.kind, content.mentions.map(({ path }) => path)]);
  expect(mentions).toEqual([['/text', 'text', ['/usr/share/thing/file']], ['/data', 'data', []]]);
  for (const [file, content] of found) {
    const whole = inspect(root.read(file));
    for (const property of ['sha256', 'size', 'head', 'carriesData', 'libraries'] as const) {
      expect(content[property]).toEqual(whole[property]);
    }
  }
});

test('data of more than 1 MB is read when its hash is requested, so that skipped files are not', () => {
  const fixture = new Fixture();
  fixture.write({ '/data': Buffer.alloc(3_000_000) });
  const content = new DirectoryRoot(fixture.directory).content('/data');
  fs.rmSync(fixture.locate('/data'));
  expect([content.size, content.kind, content.mentions]).toEqual([3_000_000, 'data', []]);
  expect(() => content.sha256).toThrow(`cannot read ${fixture.locate('/data')}: it does not exist (ENOENT)`);
});

describe('names of libraries', () => {
  test('are found in the words of a text, with or without a directory', () => {
    const text = 'load("$libdir/libmath-native.so"), libpango-1.0.so.0; libx.soft, x.so, liby.so.conf';
    expect(inspect(Buffer.from(text)).libraries).toEqual(['libmath-native.so', 'libpango-1.0.so.0']);
  });

  test('are found in the strings of an object, without the libraries that it needs', () => {
    const strings = ['libopened.so.1', '/usr/lib/x/libplugin.so', `${'x'.repeat(200)}/liblong.so`, 'libcut.so\n'].join('\0');
    expect(inspect(elfFile({ needed: ['libneeded.so'], soname: 'libown.so', text: strings })).libraries).toEqual([
      'libopened.so.1',
      'libplugin.so',
    ]);
  });

  test('are not searched for in data and in large texts', () => {
    expect(inspect(Buffer.from('\0libx.so\0')).libraries).toEqual([]);
    expect(inspect(Buffer.from(`libx.so ${'x'.repeat(1 << 20)}`)).libraries).toEqual([]);
  });
});
