/** Cases that GNU tar and the unpacker's tests do not cover: see test/source/image/untar.unit.test.ts. */
import { readTar, TarError } from '../../lib/tar/reader';
import { blocksOf, directory, pax, tarOf, type TarEntry } from '../source/image/tar';

async function* chunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function read(...entries: readonly TarEntry[]) {
  return readBytes(tarOf(...entries));
}

async function readBytes(bytes: Buffer) {
  const found = [];
  for await (const entry of readTar(chunk(bytes))) {
    const parts: Buffer[] = [];
    for await (const part of entry.content()) parts.push(part);
    found.push({ ...entry, content: Buffer.concat(parts).toString() });
  }
  return found;
}

/** A header with some bytes replaced and a correct checksum. */
function edited(entry: TarEntry, offset: number, bytes: Buffer): Buffer {
  const blocks = blocksOf(entry);
  bytes.copy(blocks, offset);
  blocks.write(' '.repeat(8), 148, 'latin1');
  blocks.write(`${blocks.subarray(0, 512).reduce((sum, byte) => sum + byte).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return blocks;
}

const end = Buffer.alloc(1024);
const global = (records: Record<string, string>): TarEntry => ({ ...pax(records), type: 'g' });

test('records of a global header apply to all entries after it, unless they have their own', async () => {
  const entries = await read(
    global({ mtime: '7.5', comment: 'x' }),
    { name: 'a', modified: 1 },
    pax({ mtime: '8' }),
    { name: 'b' },
    { name: 'c' },
  );
  expect(entries.map(({ modified }) => modified.getTime())).toEqual([7500, 8000, 7500]);
});

test('a size in a record replaces that of the header', async () => {
  expect(await read(pax({ size: '3' }), { name: 'a', content: 'abc', size: 0 })).toMatchObject([{ size: 3, content: 'abc' }]);
});

test('content that is not read is skipped', async () => {
  const archive = tarOf({ name: 'a', content: 'x'.repeat(2000) }, { name: 'b', content: 'y' }, { name: 'c' });
  const names = [];
  for await (const { path } of readTar(chunk(archive))) names.push(path);
  expect(names).toEqual(['a', 'b', 'c']);
});

test('numbers may be binary, as in GNU tar\'s headers for large and negative ones', async () => {
  const negative = Buffer.alloc(12, 0xff);
  negative[11] = 0xfe;
  const [entry] = await readBytes(Buffer.concat([edited({ name: 'a' }, 136, negative), end]));
  expect(entry.modified.getTime()).toBe(-2000);
  const large = Buffer.from([0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
  const [file] = await readBytes(Buffer.concat([edited({ name: 'a', content: 'abc' }, 124, large), end]));
  expect(file).toMatchObject({ size: 3, content: 'abc' });
});

test('the prefix of a POSIX header precedes its name', async () => {
  const [entry] = await readBytes(Buffer.concat([edited({ name: 'rig' }, 345, Buffer.from('usr/bin')), end]));
  expect(entry.path).toBe('usr/bin/rig');
});

test('an old header without a type is a directory if its name ends with a slash', async () => {
  const old = (name: string) => edited({ name }, 156, Buffer.from('\0'));
  expect((await readBytes(Buffer.concat([old('usr/'), old('file'), end]))).map(({ type }) => type)).toEqual(['directory', 'file']);
});

test('a directory has no content, whatever its size', async () => {
  expect(await read({ ...directory('usr'), size: 4096 }, { name: 'next' })).toMatchObject([{ path: 'usr', content: '' }, { path: 'next' }]);
});

test('a time beyond the range of JavaScript becomes the last one in it', async () => {
  expect((await read(pax({ mtime: '99999999999999999999' }), { name: 'a' }))[0].modified.getTime()).toBe(8.64e15);
});

test.each<[string, readonly TarEntry[] | Buffer, string]>([
  [
    'a pax record that is longer than the header',
    [{ ...pax({}), content: '30 path=x\n' }, { name: 'a' }],
    'a malformed pax record',
  ],
  ['a pax record that ends elsewhere', [{ ...pax({}), content: '8 path=x\n' }, { name: 'a' }], 'a malformed pax record'],
  ['a pax record without a key', [{ ...pax({}), content: '5 ab\n' }, { name: 'a' }], 'a malformed pax record'],
  ['a pax record without a length', [{ ...pax({}), content: 'path=x\n' }, { name: 'a' }], 'a malformed pax record'],
  ['a size in words', [pax({ size: 'ten' }), { name: 'a' }], "a pax record 'size' that is not a number"],
  ['a negative size', [pax({ size: '-1' }), { name: 'a' }], 'a file of -1 bytes'],
  ['a size that is not octal', edited({ name: 'a' }, 124, Buffer.from('99999999999')), "a header in which 'size' is not a number"],
  [
    'a single empty block',
    Buffer.concat([blocksOf({ name: 'a' }), Buffer.alloc(512), blocksOf({ name: 'b' }), end]),
    'a single empty block',
  ],
])('%s is an error', async (_, archive, detail) => {
  const error: TarError = await readBytes(Buffer.isBuffer(archive) ? archive : tarOf(...archive)).then(
    () => undefined,
    (thrown) => thrown,
  );
  expect(error).toBeInstanceOf(TarError);
  expect([error.message, error.detail]).toEqual(['is damaged', detail]);
});
