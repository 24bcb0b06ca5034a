import { execFileSync } from 'child_process';
import { readTar } from '../../lib/tar/reader';
import { headerOf, type NewEntry } from '../../lib/tar/writer';

const end = Buffer.alloc(1024);

async function* chunk(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}

async function read(bytes: Buffer) {
  const entries = [];
  for await (const { type, path, link, mode, size, modified } of readTar(chunk(bytes))) {
    entries.push({ type, path, link, mode, size, modified: modified.getTime() / 1000 });
  }
  return entries;
}

const plain: NewEntry = { type: 'file', path: 'bin/rig', mode: 0o755, modified: 315_532_800 };

test.each<[string, NewEntry]>([
  ['a file', plain],
  ['a directory', { type: 'directory', path: 'bin/', mode: 0o755, modified: 1 }],
  ['a symbolic link', { type: 'symbolic link', path: 'bin/x', link: '../elf/x', mode: 0o777, modified: 0 }],
  ['a name of 100 bytes, which needs no record', { ...plain, path: 'n'.repeat(100) }],
  ['a name of 101 bytes', { ...plain, path: 'n'.repeat(101) }],
  ['a record whose length has one digit more because of its own digits', { ...plain, path: 'n'.repeat(990) }],
  ['a name that is not ASCII', { ...plain, path: 'Főtanúsítvány.crt' }],
  ['a long target of a link', { type: 'symbolic link', path: 'l'.repeat(200), link: 't'.repeat(300), mode: 0o777, modified: 0 }],
])('%s is read as it was written, by this library and by the tar command', async (_, entry) => {
  const bytes = Buffer.concat([headerOf(entry), end]);
  expect(await read(bytes)).toEqual([{ link: '', size: 0, ...entry }]);
  const listed = execFileSync('tar', ['--quoting-style=literal', '-tv', '--full-time', '--utc', '--numeric-owner'], {
    input: bytes,
    encoding: 'utf8',
    env: { LC_ALL: 'C.UTF-8', PATH: process.env.PATH },
  });
  expect(listed).toContain(' 0/0 ');
  expect(listed.trimEnd()).toMatch(new RegExp(`${entry.path}${entry.link === undefined ? '' : ` -> ${entry.link}`}$`));
});

test('a size that does not fit into 11 octal digits is written as a record', async () => {
  const header = headerOf({ ...plain, size: 8 ** 11 });
  expect(header.toString('latin1', 512, 540)).toMatch(/^19 size=8589934592\n/);
  await expect(read(Buffer.concat([header, end]))).rejects.toThrow('is truncated');
});
