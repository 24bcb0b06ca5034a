import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import type { RawEnd, RawEntry } from './raw-zip';
import { LINK, rawBytes, rawZip } from './raw-zip';
import { ZipError } from '../../lib/zip/entry';
import { readZip } from '../../lib/zip/reader';
import { unzip } from '../../lib/zip/unzip';
import { Fixture, noise, temporaryDirectory } from '../fixture';
import { makeZip, tree } from '../plan/make';

/** The error for a rejected zip. Nothing may be written, inside or outside of the directory. */
function refused(file: string): string {
  const around = temporaryDirectory();
  const directory = path.join(around, 'deep/inside');
  fs.mkdirSync(directory, { recursive: true });
  let message: string | undefined;
  try {
    unzip(file, directory);
  } catch (error) {
    if (!(error instanceof ZipError)) throw error;
    message = error.message;
  }
  if (message === undefined) throw new Error('it was not refused');
  expect(tree(around)).toEqual({});
  return message.replace(file, 'layer.zip');
}

const GOOD: RawEntry = { name: 'good', content: 'good' };
const refusedEntry = (entry: RawEntry, end?: RawEnd) => refused(rawZip([GOOD, entry], end));
const NOT_OURS = 'this is not a layer made by binary-layer, and nothing was unpacked';

describe('a file that is not a complete zip', () => {
  const written = (bytes: Buffer | string) => {
    const file = path.join(temporaryDirectory(), 'layer.zip');
    fs.writeFileSync(file, bytes);
    return file;
  };

  test.each([
    ['empty', ''],
    ['a text', 'not a zip at all'],
    ['an archive of another kind', '\x1f\x8b\x08'.padEnd(100)],
  ])('is an error: %s', (_, content) => {
    expect(refused(written(content))).toMatch(
      /^layer\.zip is not a zip \(\d+ bytes\), expected the zip of a layer, such as asset\.HASH\.zip in cdk\.out$/,
    );
  });

  test('is an error wherever it is cut off', () => {
    const whole = rawBytes([GOOD, { name: 'more', content: noise(200, 1) }]);
    for (let length = 4; length < whole.length; length += 7) {
      expect(refused(written(whole.subarray(0, length)))).toContain('layer.zip is truncated');
    }
  });

  test('is an error if data follows it', () => {
    expect(refused(rawZip([GOOD], { comment: 'a comment' }))).toContain('is truncated or has trailing data');
  });

  test('is an error if its number of entries is wrong', () => {
    expect(refused(rawZip([GOOD], { count: 2 }))).toBe(
      'layer.zip is damaged: its directory contains 1 of 2 entries; copy or build it again',
    );
    expect(refused(rawZip([GOOD, { name: 'b' }], { count: 1 }))).toContain('its directory has data after its 1 entries');
    expect(refused(rawZip([GOOD], { count: 0xffff }))).toContain('the record with its number of entries is misplaced');
  });

  test('is an error, or has the same content, if any one byte is changed', () => {
    const whole = rawBytes([
      { name: 'elf/a', content: 'some text, some text' },
      { name: 'bin/b', content: '../elf/a', mode: LINK, method: 0 },
      { name: 'd/' },
    ]);
    let refusals = 0;
    for (let at = 0; at < whole.length; at++) {
      for (const bits of [0x01, 0x80, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] ^= bits;
        try {
          for (const { name } of readZip(written(changed))) expect(name).not.toMatch(/^\/|\.\./);
        } catch (error) {
          expect(error).toBeInstanceOf(ZipError);
          refusals++;
        }
      }
    }
    expect(refusals).toBeGreaterThan(whole.length);
  });

  test('is not read if it is larger than any layer', () => {
    const file = written('');
    fs.truncateSync(file, 400e6);
    expect(refused(file)).toBe('layer.zip has 400000000 bytes, expected the zip of a layer: Lambda\'s limit is 262144000 bytes unpacked');
  });
});

describe('an entry is an error', () => {
  test.each([
    ['../out', 'has . or .. as a component'],
    ['a/../../out', 'has . or .. as a component'],
    ['a/..', 'has . or .. as a component'],
    ['./a', 'has . or .. as a component'],
    ['/etc/passwd', 'is absolute'],
    ['a//b', 'has an empty component'],
    ['', 'has an empty component'],
    ['..\\out', 'has a backslash'],
    ['x'.repeat(5000), 'has 5000 characters'],
  ])('with the name %j', (name, what) => {
    const shown = name.length > 300 ? `${name.slice(0, 150)}…${name.slice(-150)}` : name;
    expect(refusedEntry({ name })).toBe(
      `layer.zip: the entry '${shown}' ${what}, expected a path that stays inside the layer; ${NOT_OURS}`,
    );
  });

  test('with a NUL character or terminal commands in its name, which the message escapes', () => {
    expect(refusedEntry({ name: 'a\0b' })).toContain("the entry 'a\\x00b' has a NUL character");
    expect(refusedEntry({ name: '../\x1b[2J' })).toContain("the entry '../\\x1b[2J' has");
  });

  test('with a name of kilobytes, of which the message shows both ends', () => {
    expect(refusedEntry({ name: `${'a'.repeat(4000)}//${'b'.repeat(4000)}` })).toMatch(
      /^layer\.zip: the entry 'a{150}…b{150}' has an empty component, /,
    );
  });

  test('with a name that is not UTF-8', () => {
    expect(refusedEntry({ name: Buffer.from([0x61, 0xff]) })).toContain('a name is not valid UTF-8');
  });

  test.each<[string, RawEntry, string]>([
    ['that occurs twice', { name: 'good' }, "'good' occurs twice"],
    ['that is a directory as well', { name: 'good/' }, "'good' occurs twice"],
    ['below a file', { name: 'good/below' }, "'good/below' is below good, which is a file"],
    ['that is encrypted', { name: 'a', flags: 0x801 }, 'is encrypted'],
    [
      'that is packed in a way that we do not know',
      { name: 'a', method: 12 },
      'is compressed by method 12, expected deflate (8) or none (0)',
    ],
    ['without a Unix mode', { name: 'a', system: 0 }, 'has no Unix mode'],
    ['that is a device', { name: 'a', mode: 0o020666 }, 'has mode 20666, expected a file, a link or a directory'],
    ['that is a FIFO', { name: 'a', mode: 0o010666 }, 'has mode 10666'],
    ['that is a socket', { name: 'a', mode: 0o140666 }, 'has mode 140666'],
    ['that is a directory by its name only', { name: 'a/', mode: 0o100644 }, 'has the mode of a file, but its name ends with a slash'],
    [
      'that is a directory by its mode only',
      { name: 'a', mode: 0o40755 },
      'has the mode of a directory, but its name does not end with a slash',
    ],
    ['that is a directory with a content', { name: 'a/', content: 'x' }, 'is a directory with content'],
    ['with another checksum', { name: 'a', content: 'abc', crc: 1 }, 'is damaged: its checksum does not match'],
    [
      'with more bytes than it says',
      { name: 'a', content: 'x'.repeat(1e6), size: 10 },
      'has more than the 10 bytes stated in the directory',
    ],
    ['with fewer', { name: 'a', content: 'abc', size: 10 }, 'has 3 bytes, but 10 according to the directory'],
    ['that is stored in another size', { name: 'a', content: 'abc', size: 10, method: 0 }, 'is stored, but 10 bytes occupy 3'],
    ['with another name before its bytes', { name: 'a', local: { name: 'b' } }, 'has a local header that contradicts the directory'],
    [
      'with another size before its bytes',
      { name: 'a', content: 'abc', local: { size: 4 } },
      'has a local header that contradicts the directory',
    ],
    [
      'with another method before its bytes',
      { name: 'a', content: 'abc', local: { method: 0 } },
      'has a local header that contradicts the directory',
    ],
    ['that has the bytes of another', { name: 'good2', content: 'good', at: 0 }, 'has a local header that contradicts the directory'],
  ])('%s', (_, entry, what) => {
    expect(refusedEntry(entry)).toContain(what);
  });

  test('that shares bytes with another one, even if both headers agree', () => {
    expect(refused(rawZip([{ name: 'a', content: 'same' }, { name: 'a', content: 'same', at: 0 }]))).toContain("'a' shares bytes with a");
  });
});

describe('a link is an error', () => {
  const link = (name: string, target: string): RawEntry => ({ name, content: target, mode: LINK, method: 0 });
  const compressed = (file: string): RawEntry[] => [{ name: `elf/0123abcd/compressed/${file}`, content: 'x' }];

  test.each([
    ['to an absolute path', [link('a', '/etc/passwd')], "'a' is a link to an absolute path outside of /opt"],
    [
      'to /tmp for a file that is not stored compressed',
      [link('elf/0123abcd/usr/a', '/tmp/elf-0123abcd/usr/a')],
      'is a link to an absolute path outside of /opt',
    ],
    [
      'to another file in /tmp than its own',
      [...compressed('usr/b'), link('elf/0123abcd/usr/b', '/tmp/elf-0123abcd/usr/c')],
      'outside of /opt',
    ],
    [
      'to files of another layer in /tmp',
      [...compressed('usr/b'), link('elf/0123abcd/usr/b', '/tmp/elf-76543210/usr/b')],
      'outside of /opt',
    ],
    ['to /tmp from elsewhere', [...compressed('usr/b'), link('bin/b', '/tmp/elf-0123abcd/usr/b')], 'outside of /opt'],
    ['to a path that begins in /opt and leads out', [link('a', '/opt/../etc/passwd')], "'a' is a link that leads out of the layer"],
    ['that leads out', [link('a', '../out')], "'a' is a link that leads out of the layer"],
    ['that leads out and in again', [link('d/a', '../../opt/good')], "'d/a' is a link that leads out of the layer"],
    [
      'that leads out by way of another one',
      [link('deep/er/up', '../..'), link('a', 'deep/er/up/../x')],
      "'a' is a link that leads out of the layer",
    ],
    ['that leads to itself', [link('a', 'b'), link('b', 'a')], "'a' is a link that leads to itself"],
    [
      'that leads on by more than 40 others',
      [...Array.from({ length: 41 }, (_, index) => link(`${index}`, `${index + 1}`)), link('41', 'good')],
      'is a link that leads to itself or through more than 40 links',
    ],
    [
      'that leads on by more than 40 others, told in the order of its steps',
      [link('41', 'good'), ...Array.from({ length: 41 }, (_, index) => link(`${40 - index}`, `${41 - index}`))],
      "'1' is a link that leads to itself or through more than 40 links",
    ],
    ['that names nothing', [link('a', '')], "'a' is a link with an empty target or a NUL character"],
    ['with a NUL character in it', [link('a', 'good\0')], "'a' is a link with an empty target or a NUL character"],
    ['of more characters than a path can have', [link('a', 'x'.repeat(4097))], "'a' is a link of 4097 bytes, expected at most 4096"],
    ['with something below it', [link('a', '.'), { name: 'a/b' }], "'a/b' is below a, which is a link"],
  ])('%s', (_, entries, what) => {
    expect(refused(rawZip([GOOD, ...entries]))).toContain(what);
  });
});

test('a link to the place where the launcher unpacks a compressed file is accepted', () => {
  const directory = temporaryDirectory();
  unzip(rawZip([
    { name: 'elf/0123abcd/compressed/usr/bin/a', content: 'x' },
    { name: 'elf/0123abcd/usr/bin/a', content: '/tmp/elf-0123abcd/usr/bin/a', mode: LINK },
    { name: 'bin/a', content: '../elf/0123abcd/usr/bin/a', mode: LINK },
  ]), directory);
  expect(tree(directory)).toMatchObject({ 'elf/0123abcd/usr/bin/a': '→ /tmp/elf-0123abcd/usr/bin/a' });
});

describe('a zip bomb is an error', () => {
  test('before anything is inflated, by the sizes in its headers', () => {
    expect(refused(rawZip([{ name: 'a', size: 200e6 }, { name: 'b', size: 100e6 }]))).toBe(
      'layer.zip exceeds Lambda\'s limit of 262144000 bytes unpacked, expected the zip of a layer: nothing was unpacked');
    expect(refused(rawZip([{ name: 'a', size: 0xffffffff }]))).toContain('exceeds Lambda\'s limit of 262144000 bytes');
  });

  test('by its content, if that is larger than its headers say', () => {
    expect(refused(rawZip([{ name: 'a', content: Buffer.alloc(2e6), size: 4 }]))).toContain(
      'has more than the 4 bytes stated in the directory',
    );
  });

  test('with links that lead to each other deep down and up again, each of which is followed once', () => {
    const deep = 'd/'.repeat(800);
    const links = Array.from({ length: 400 }, (_, index): RawEntry => (
      { name: `link${index}`, content: `${index % 40 === 0 ? 'd/..' : `link${index - 1}`}/${deep}${'../'.repeat(800)}`, mode: LINK }));
    expect(readZip(rawZip([{ name: `${deep}file` }, ...links]))).toHaveLength(401);
  });

  test('by the number of components in all of its links', () => {
    const target = 'd/../'.repeat(800);
    const links = Array.from({ length: 2510 }, (_, index): RawEntry => ({ name: `link${index}`, content: target, mode: LINK }));
    expect(refused(rawZip([{ name: 'd/' }, ...links]))).toMatch(
      /the entry 'link\d+' and the entries before it have names and links with more than 4000000 components; this is not a layer/,
    );
  });

  test('by the sizes of its links', () => {
    const content = 'x'.repeat(4000);
    const links = Array.from({ length: 70_000 }, (_, index): RawEntry => ({
      name: `${index}`,
      content,
      crc: 0xecba9f48,
      mode: LINK,
    }));
    expect(refused(rawZip(links))).toContain('exceeds Lambda\'s limit of 262144000 bytes unpacked');
  });

  test('if entries share the same bytes', () => {
    const same = { name: 'a', content: Buffer.alloc(1e5) };
    expect(refused(rawZip([same, ...Array.from({ length: 100 }, () => ({ ...same, at: 0 }))]))).toContain('shares bytes with a');
  });
});

describe('a valid zip', () => {
  test('has the same result as the machine\'s unzip', async () => {
    const source = new Fixture();
    source.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    source.write({ '/usr/share/data/noise': noise(1e5, 1), '/usr/share/data/é': 'x', '/usr/share/data/link': { link: 'noise' } });
    source.directories('/usr/share/data/empty');
    const layer = await makeZip(source, 'prog', { include: ['/usr/share/data'] });
    const directory = temporaryDirectory();
    unzip(layer.zip, directory);
    expect(tree(directory)).toEqual(tree(layer.opt));
  });

  test('may be written by Info-ZIP', () => {
    const directory = temporaryDirectory();
    fs.writeFileSync(path.join(directory, 'file'), 'x'.repeat(1000));
    fs.symlinkSync('file', path.join(directory, 'link'));
    const file = path.join(temporaryDirectory(), 'layer.zip');
    execFileSync('zip', ['-qry', file, '.'], { cwd: directory });
    const unpacked = temporaryDirectory();
    unzip(file, unpacked);
    expect(tree(unpacked)).toEqual(tree(directory));
  });

  test('may have more entries than 16 bits can count', () => {
    const entries = Array.from({ length: 65_600 }, (_, index) => ({ name: `d/${index}`, method: 0 }));
    expect(readZip(rawZip(entries))).toHaveLength(65_600);
  });
});
