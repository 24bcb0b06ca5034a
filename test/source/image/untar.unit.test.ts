import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { directory, hardLink, pax, symbolicLink, type TarEntry, tarOf } from './tar';
import { unpack } from '../../../lib/source/image/untar';
import { temporaryDirectory } from '../../fixture';

async function* inPieces(bytes: Buffer, size = 65536): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpacked(bytes: Buffer, size?: number): Promise<string> {
  const root = temporaryDirectory();
  await unpack(inPieces(bytes, size), root);
  return root;
}

/** Everything below a directory: type, permissions, time of modification, and content or target. */
function listing(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()) {
    const place = path.join(root, name);
    const stat = fs.lstatSync(place);
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) found[name] = `→ ${fs.readlinkSync(place)}`;
    else if (stat.isDirectory()) found[name] = `directory ${mode} ${stat.mtimeMs / 1000}`;
    else found[name] = `${mode} ${stat.mtimeMs / 1000} ${fs.readFileSync(place, 'utf8')}`;
  }
  return found;
}

describe('the contents of an archive', () => {
  test('are written with permissions and times', async () => {
    const root = await unpacked(tarOf(
      { ...directory('./'), modified: 5 },
      { ...directory('usr/', 0o751), modified: 10 },
      { name: 'usr/tool', mode: 0o4755, modified: 1_000_000_007, content: 'tool' },
      { name: 'usr/empty', modified: 30 },
      symbolicLink('usr/absolute', '/usr/tool'),
      symbolicLink('out', '../../../etc/passwd'),
    ));
    expect(listing(root)).toEqual({
      'usr': 'directory 751 10',
      'usr/tool': '755 1000000007 tool',
      'usr/empty': '644 30 ',
      'usr/absolute': '→ /usr/tool',
      'out': '→ ../../../etc/passwd',
    });
  });

  test('are no more accessible to others than before, and readable and removable by the user who unpacked them', async () => {
    const root = await unpacked(tarOf(directory('closed', 0o070), { name: 'closed/secret', mode: 0o050 }, { name: 'none', mode: 0 }));
    const modes = Object.fromEntries(
      Object.entries(listing(root)).map(([name, text]) => [name, text.replace('directory ', '').split(' ')[0]]),
    );
    expect(modes).toEqual({ 'closed': '770', 'closed/secret': '650', 'none': '600' });
  });

  test('have one file for several hard links, to files and to symbolic links', async () => {
    const root = await unpacked(
      tarOf(
        { name: 'a/one', content: 'content' },
        hardLink('b/two', './a/one'),
        hardLink('three', 'b/two'),
        symbolicLink('link', 'a/one'),
        hardLink('again', 'link'),
      ),
    );
    expect(new Set(['a/one', 'b/two', 'three'].map((name) => fs.statSync(path.join(root, name)).ino)).size).toBe(1);
    expect(fs.readlinkSync(path.join(root, 'again'))).toBe('a/one');
  });

  test.each(['ustar', 'gnu', 'posix'])('are read from the format %s, in pieces of any size', async (format) => {
    const source = temporaryDirectory();
    const long = path.join('usr', ...Array.from({ length: 4 }, (_, index) => `${index}`.repeat(28)));
    fs.mkdirSync(path.join(source, long), { recursive: true });
    for (const name of [`${long}/file`, `usr/${'n'.repeat(99)}`, 'usr/Főtanúsítvány.crt', 'usr/a b\\c']) {
      fs.writeFileSync(path.join(source, name), `of ${name}`);
    }
    if (format !== 'ustar') {
      for (const name of [`${long}/${'ő'.repeat(120)}`, `usr/${'l'.repeat(200)}`]) fs.writeFileSync(path.join(source, name), 'long');
    }
    fs.symlinkSync('x'.repeat(format === 'ustar' ? 99 : 300), path.join(source, 'link'));
    fs.linkSync(path.join(source, 'usr/a b\\c'), path.join(source, 'hard'));
    execFileSync('find', [source, '-exec', 'touch', '-h', '-d', '@1600000000', '{}', '+']);
    const bytes = execFileSync('tar', ['-C', source, `--format=${format}`, '-c', '.'], { maxBuffer: 1e8 });
    for (const size of [bytes.length, 10_240, 1000, 512]) expect(listing(await unpacked(bytes, size))).toEqual(listing(source));
  });

  test('are unpacked without devices, pipes, pseudo file systems and names that are not UTF-8', async () => {
    const latin = Buffer.from('caf\xe9', 'latin1');
    const root = await unpacked(
      tarOf(
        directory('dev'),
        { name: 'dev/console', type: '3' },
        { name: 'dev/shm/file', content: 'file' },
        { name: 'proc/1/status' },
        { name: 'sys/kernel', content: 'sys' },
        { name: 'pipe', type: '6' },
        { name: 'block', type: '4' },
        hardLink('same-pipe', 'pipe'),
        { name: latin, content: 'latin' },
        pax({ path: latin }),
        { name: 'not-its-name', content: 'latin' },
        pax({ path: 'two\nlines' }),
        { name: 'nor-this' },
        { name: Buffer.concat([latin, Buffer.from('/file')]), content: 'file' },
        { name: 'next', content: 'next' },
      ),
    );
    expect(Object.keys(listing(root))).toEqual(['dev', 'next', 'two\nlines']);
  });

  test('may have many directories', async () => {
    const names = Array.from({ length: 1000 }, (_, index) => directory(`d/${index % 70}/${index}`));
    expect(Object.keys(listing(await unpacked(tarOf(...names))))).toHaveLength(1071);
  });
});

const LONG = 'n'.repeat(300);

test.each<[string, readonly TarEntry[], string]>([
  ['leads out by its name', [{ name: '../outside' }], "'../outside' in the archive leads out of the root: '../outside'"],
  ['leads out by its name, further on', [{ name: 'usr/lib/../../../outside' }], 'leads out of the root'],
  ['leads out by a name of its pax header', [pax({ path: '../outside' }), { name: 'inside' }], 'leads out of the root'],
  [
    'leads out by a long name of GNU',
    [{ name: '././@LongLink', type: 'L', content: '../outside\0' }, { name: 'inside' }],
    'leads out of the root',
  ],
  [
    'goes through a link',
    [symbolicLink('lib', '../'), { name: 'lib/outside' }],
    "'lib/outside' in the archive is below 'lib', which is a link",
  ],
  ['goes through a link to a directory inside', [directory('usr'), symbolicLink('lib', 'usr'), directory('lib/x')], 'is below'],
  [
    'goes through a hard link to a link',
    [symbolicLink('a', '..'), hardLink('b', 'a'), { name: 'b/outside' }],
    "is below 'b', which is a link",
  ],
  ['is a file below a file', [{ name: 'file' }, { name: 'file/x' }], "is below 'file', which is a file"],
  ['is a link in place of a directory', [directory('usr'), symbolicLink('usr', '..')], "'usr' in the archive occurs in the archive twice"],
  ['is a directory in place of a link', [symbolicLink('usr', '..'), directory('usr')], 'occurs in the archive twice'],
  ['is a file in place of a link', [symbolicLink('outside', '../outside'), { name: './outside' }], 'occurs in the archive twice'],
  ['is a second file of one name', [{ name: 'a' }, { name: 'a' }], 'occurs in the archive twice'],
  ['is a link in place of the root', [symbolicLink('.', '..')], 'occurs in the archive twice'],
  ['is a hard link to the outside', [hardLink('a', '../outside')], "leads out of the root: '../outside'"],
  [
    'is a hard link to an absolute name',
    [hardLink('a', '/etc/passwd')],
    "'a' in the archive is a hard link to 'etc/passwd', which is not in the archive before it",
  ],
  ['is a hard link through a link', [symbolicLink('up', '..'), hardLink('a', 'up/outside')], 'which is not in the archive before it'],
  ['is a hard link to a directory', [directory('usr'), hardLink('a', 'usr')], "is a hard link to 'usr', which is a directory"],
  [
    'has a name that no file system takes',
    [{ name: '././@LongLink', type: 'L', content: LONG }, { name: 'x' }],
    `'${'n'.repeat(200)}…' in the archive cannot be written to`,
  ],
  ['has a path that no file system takes', [pax({ path: 'directory/'.repeat(1000) }), directory('x')], 'cannot be written to'],
  [
    'has a name with a command for a terminal',
    [{ name: '\x1b[2J' }, { name: '\x1b[2J' }],
    "'\\x1b[2J' in the archive occurs in the archive twice",
  ],
  [
    'has a pax header with NUL',
    [pax({ path: 'a\0b\n\0c' }), { name: 'x' }],
    'the archive is damaged after its beginning: a pax record with a NUL character',
  ],
  ['is stored sparse, by GNU', [{ name: 'sparse', type: 'S' }], "'sparse' in the archive has the unknown type S"],
  [
    'is stored sparse, by pax',
    [{ name: 'before' }, pax({ 'GNU.sparse.major': '1' }), { name: 'sparse' }],
    "the archive has a sparse file, which is not supported, after 'before'",
  ],
  ['is a directory of an incremental dump', [{ name: 'dump', type: 'D' }], 'has the unknown type'],
  ['is of no known kind', [{ name: 'new', type: 'Z' }], 'has the unknown type'],
  [
    'has a pax header of any length',
    [pax({ comment: 'x'.repeat(2e6) }), { name: 'x' }],
    'a pax header of 2000017 bytes, more than 1048576',
  ],
  ['has a length that is none', [{ name: 'first' }, { name: 'x', size: 8 ** 11 - 1 }], "is truncated after 'x'"],
])('an archive is an error, and nothing is written outside, if an entry %s', async (_, entries, message) => {
  const around = temporaryDirectory();
  const root = path.join(around, 'root');
  fs.mkdirSync(root);
  fs.writeFileSync(path.join(around, 'outside'), 'outside');
  const before = fs.statSync(path.join(around, 'outside'));
  await expect(unpack(inPieces(tarOf(...entries)), root)).rejects.toThrow(message);
  expect(fs.readdirSync(around)).toEqual(['outside', 'root']);
  expect(fs.statSync(path.join(around, 'outside'))).toEqual({ ...before, atime: expect.anything(), atimeMs: expect.anything() });
});

test('an absolute name is unpacked inside the directory', async () => {
  expect(Object.keys(listing(await unpacked(tarOf({ name: '/etc/file', content: 'x' }))))).toEqual(['etc', 'etc/file']);
});

test('an archive that is truncated anywhere is an error', async () => {
  const whole = tarOf(directory('usr'), pax({ path: 'usr/ő' }), { name: 'x', content: 'x'.repeat(700) }, symbolicLink('link', 'usr'));
  for (let end = 0; end < whole.length; end += 256) {
    await expect(unpacked(whole.subarray(0, end))).rejects.toThrow('the archive is truncated after');
  }
  await unpacked(whole);
});

test('data after the end of an archive is ignored', async () => {
  const whole = Buffer.concat([tarOf({ name: 'file' }), Buffer.alloc(20 * 512), tarOf({ name: '../outside' })]);
  expect(Object.keys(listing(await unpacked(whole, 512)))).toEqual(['file']);
});

test.each([
  ['text', Buffer.from('Error: no such container\n'.repeat(100))],
  ['compressed', execFileSync('gzip', { input: Buffer.alloc(1e6, 'x'.repeat(700)) })],
  ['zeros', Buffer.alloc(10_240, 1)],
])('a file that is %s is not an archive', async (_, bytes) => {
  await expect(unpacked(bytes)).rejects.toThrow('the exported data is not a tar archive');
});

test('a damaged header is an error that names the entry before it', async () => {
  const bytes = tarOf({ name: 'first' }, { name: 'second' });
  bytes[512 + 20] ^= 1;
  await expect(unpacked(bytes)).rejects.toThrow("the archive is damaged after 'first': a header whose checksum is wrong");
});

test('two names that are the same for the file system are an error that names both', async () => {
  const root = temporaryDirectory();
  // like a file system that treats the two names as equal
  fs.writeFileSync(path.join(root, 'README'), 'of readme');
  const archive = tarOf({ name: 'readme', content: 'small' }, { name: 'README', content: 'large' });
  await expect(unpack(inPieces(archive), root)).rejects.toThrow([
    `'README' in the archive and 'readme' are the same name in the file system of ${root}`,
    '  set XDG_CACHE_HOME to a directory on a case-sensitive file system, on macOS a volume with the format "APFS (Case-sensitive)"',
  ].join('\n'));
  expect(fs.readFileSync(path.join(root, 'README'), 'utf8')).toBe('of readme');
  const below = tarOf({ name: 'readme/x' }, { name: 'README/y' });
  fs.rmSync(path.join(root, 'readme'));
  await expect(unpack(inPieces(below), root)).rejects.toThrow("'README/y' in the archive and 'readme' are the same name");
});
