import * as fs from 'fs';
import * as path from 'path';
import { crc32 } from 'zlib';
import { centralHeader, endOfDirectory, localHeader } from '../../lib/pack/zip-headers';
import { readZip } from '../../lib/zip/reader';
import { temporaryDirectory } from '../fixture';

/** A zip with a number of small files, each stored. */
function zipOf(count: number): string {
  const [entries, directory]: Buffer[][] = [[], []];
  let offset = 0;
  for (let index = 0; index < count; index++) {
    const content = Buffer.from(`${index}`);
    const sizes = { crc32: crc32(content), size: content.length, packedSize: content.length };
    const entry = { name: Buffer.from(`files/${index}`), mode: 0o100644, isDeflated: false, ...sizes };
    const local = localHeader(entry);
    directory.push(centralHeader(entry, offset));
    entries.push(local, content);
    offset += local.length + content.length;
  }
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const file = path.join(temporaryDirectory(), 'layer.zip');
  fs.writeFileSync(file, Buffer.concat([...entries, ...directory, endOfDirectory(count, offset, size)]));
  return file;
}

test.each([0, 1, 65_534, 65_535, 65_536])('a zip of %d entries is read back with all of them', (count) => {
  const entries = readZip(zipOf(count));
  expect(entries).toHaveLength(count);
  const last = entries.at(-1);
  if (count > 0) expect(last).toMatchObject({ type: 'file', name: `files/${count - 1}`, mode: 0o644 });
});
