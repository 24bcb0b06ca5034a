import * as fs from 'fs';
import * as path from 'path';
import { FileBytes, readElf } from '../../lib/elf';
import { temporaryDirectory } from '../fixture';

const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

test.each(['libc.so.6', 'libstdc++.so.6', 'libm.so.6', 'ld-linux-x86-64.so.2'])(
  '%s has the same result read as a whole or in parts',
  (name) => {
    const file = path.join(LIBRARIES, name);
    expect(FileBytes.use(file, (bytes) => readElf(bytes))).toEqual(readElf(fs.readFileSync(file)));
  },
);

test('data that only other readers need can be skipped', () => {
  const file = path.join(LIBRARIES, 'libstdc++.so.6');
  const whole = readElf(fs.readFileSync(file));
  expect(FileBytes.use(file, (bytes) => readElf(bytes, false))).toEqual({
    ...whole,
    notes: [],
    dynamic: { ...whole.dynamic, imports: new Set() },
  });
});

test('a truncated file is the same error read in parts as read as a whole', () => {
  const cut = path.join(temporaryDirectory(), 'cut');
  const content = fs.readFileSync(path.join(LIBRARIES, 'libm.so.6'));
  for (const size of [0, 3, 40, 64, 100, 5000, content.length >> 1]) {
    fs.writeFileSync(cut, content.subarray(0, size));
    const message = (read: () => unknown) => {
      try {
        read();
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    const expected = message(() => readElf(content.subarray(0, size)));
    expect(expected).toBeDefined();
    for (const whole of [true, false]) expect(message(() => FileBytes.use(cut, (bytes) => readElf(bytes, whole)))).toBe(expected);
  }
});

test('parts may be larger than one read, and extend beyond the end of the file', () => {
  const file = path.join(temporaryDirectory(), 'file');
  const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => index % 251));
  fs.writeFileSync(file, content);
  FileBytes.use(file, (bytes) => {
    expect(bytes.length).toBe(content.length);
    // eslint-disable-next-line @stylistic/max-len
    for (const [from, to] of [
      [0, 50_000],
      [49_990, 60_000],
      [8190, 8200],
      [3, 4],
      [20_000, 45_000],
    ]) {
      expect(bytes.subarray(from, to).equals(content.subarray(from, to))).toBe(true);
    }
    expect([bytes.readUInt16LE(8191), bytes.readUInt32LE(49_996)]).toEqual([content.readUInt16LE(8191), content.readUInt32LE(49_996)]);
  });
});
