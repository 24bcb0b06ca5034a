/**
 * The estimate of how much deflate compresses bytes.
 */
import * as fs from 'fs';
import { deflateRawSync } from 'zlib';
import { deflatedShare } from '../../lib/collect/candidates/deflated-share';
import { noise } from '../elf-file';

const realShare = (bytes: Buffer) => deflateRawSync(bytes).length / bytes.length;

test('machine code and text are estimated at 0.9 to 1.5 times their compressed size', () => {
  const text = Buffer.from(fs.readdirSync(__dirname).map((name) => fs.readFileSync(`${__dirname}/${name}`, 'utf8')).join('\n'));
  for (const bytes of [fs.readFileSync(process.execPath).subarray(0, 4_000_000), text]) {
    expect(deflatedShare(bytes) / realShare(bytes)).toBeGreaterThan(0.9);
    expect(deflatedShare(bytes) / realShare(bytes)).toBeLessThan(1.5);
  }
});

test('compressed bytes are not estimated to become smaller', () => {
  expect(deflatedShare(noise(500_000, 1))).toBeGreaterThan(1);
});

test('a sparse file is estimated like most large files', () => {
  expect(deflatedShare(Buffer.alloc(1_000_000))).toBe(0.45);
});

test.each([0, 1, 3, 4])('%d bytes have an estimate', (length) => {
  expect(deflatedShare(Buffer.alloc(length, 'x'))).toBeGreaterThan(0);
});
