import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { constants, deflateRawSync } from 'zlib';
import { type Compressed, compressedFile, CompressedLayer, KEY } from './layer';
import { compress, CompressedFileError, decompress } from '../../lib/pack/compressed';
import { noise, temporaryDirectory } from '../fixture';

const FAILED = 126;

describe('decompression', () => {
  const text = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `line ${index * index} of ${index % 97}\n`).join(''));
  const contents = {
    noise: noise(1_000_003, 5),
    zeros: Buffer.alloc(999_999),
    text,
    mixed: Buffer.concat([noise(70_000, 9), text, Buffer.alloc(7)]),
    byte: Buffer.from('x'),
  };
  const settings = {
    'stored': { level: 0 },
    'fast': { level: 1 },
    'best': { level: 9 },
    'with fixed codes': { strategy: constants.Z_FIXED },
    'with codes only': { strategy: constants.Z_HUFFMAN_ONLY },
    'with runs': { strategy: constants.Z_RLE },
    'with small windows': { windowBits: 9, memLevel: 1 },
  };

  test.each(Object.entries(settings))('restores the content: %s', (_, setting) => {
    const layer = new CompressedLayer();
    for (const [name, content] of Object.entries(contents)) {
      for (const chunkSize of [4_096, 65_537, 1_048_576]) {
        layer.compressed(`usr/${name}-${chunkSize}`, { content, chunkSize, deflate: (chunk) => deflateRawSync(chunk, setting) });
      }
    }
    layer.file('usr/run', '#!/bin/sh\n');
    layer.start('usr/run');
    expect(layer.run('/opt/bin/run')).toMatchObject({ status: 0, stderr: '' });
    for (const [name, content] of Object.entries(contents)) {
      for (const file of layer.inTmp(`elf-${KEY}/usr`).filter((each) => each.startsWith(`${name}-`))) {
        expect(fs.readFileSync(path.join(layer.tmp, `elf-${KEY}/usr`, file)).equals(content)).toBe(true);
      }
    }
  });

  test('ends with an error for any damaged data', () => {
    const packed = deflateRawSync(text.subarray(0, 50_000));
    for (let seed = 0; seed < 60; seed++) {
      const layer = new CompressedLayer();
      const changed = Buffer.from(packed);
      const at = (seed * 7919) % packed.length;
      changed[at] ^= 1 << (seed % 8);
      layer.compressed('usr/large', {
        content: text.subarray(0, 50_000),
        deflate: () => (seed % 3 === 0 ? changed.subarray(0, at) : changed),
      });
      layer.file('usr/run', '#!/bin/sh\n');
      layer.start('usr/run');
      const { status, stderr } = layer.run('/opt/bin/run');
      expect([status, stderr.replace(/^.* (?=is damaged)/, '').trim()]).toEqual([FAILED, 'is damaged: deploy the layer again']);
    }
  });
});

describe('the launchers in the repository', () => {
  const directory = path.join(__dirname, '..', '..', 'launcher');
  const COMPILER = '12.2.0'; // Debian 12's
  for (const machine of ['x86_64', 'aarch64']) {
    const compiler = `${machine}-linux-gnu-gcc`;
    const { stdout } = spawnSync(compiler, ['-dumpfullversion'], { encoding: 'utf8' });
    const version = stdout?.trim();
    const name = `are what their source compiles to, for ${machine}`;
    if (version !== COMPILER) {
      test.skip(`${name}: ${compiler} ${COMPILER} of Debian 12 is not installed (found ${version ?? 'none'})`, () => {});
      continue;
    }
    test(name, () => {
      const file = path.join(temporaryDirectory(), 'launcher');
      expect(spawnSync(path.join(directory, 'build.sh'), [machine, file], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
      expect(fs.readFileSync(file).equals(fs.readFileSync(path.join(directory, `launcher-${machine}`)))).toBe(true);
    });
  }
});

describe('a compressed file', () => {
  const content = Buffer.concat([noise(1_500_000, 1), Buffer.alloc(1_000_000)]);

  test('has the format that the launcher reads', () => {
    expect(compress({ content, mode: 0o755 }).equals(compressedFile({
      content, mode: 0o755, chunkSize: 1024 * 1024, deflate: (chunk) => deflateRawSync(chunk, { level: 6 }),
    }))).toBe(true);
  });

  test('can be read', () => {
    const unpacked = decompress(compress({ content, mode: 0o755 }), 1e9);
    expect(unpacked.mode).toBe(0o755);
    expect(unpacked.content.equals(content)).toBe(true);
  });

  const changed = (offset: number) => (bytes: Buffer) => {
    bytes[offset] ^= 1;
    return bytes;
  };
  test.each<[string, RegExp, (bytes: Buffer) => Buffer]>([
    ['without a header', /found no header/, () => Buffer.from('elfpack')],
    ['with another checksum of its header', /the checksum of its header does not match/, changed(13)],
    ['with more chunks than bytes', /2 chunks of 1048576 bytes do not add up to 2500000 bytes/, changed(20)],
    ['with a damaged chunk', /the checksum of chunk \d does not match|chunk \d is not \d+ bytes/, changed(60_000)],
    ['that is cut off', /chunk 2 is not 402848 bytes/, (bytes) => bytes.subarray(0, -1)],
    ['with something behind it', /its chunks end at \d+, and it has \d+ bytes/, (bytes) => Buffer.concat([bytes, bytes])],
  ])('%s is an error', (_, message, change) => {
    const bytes = change(compress({ content, mode: 0o644 }));
    expect(() => decompress(bytes, 1e9)).toThrow(CompressedFileError);
    expect(() => decompress(bytes, 1e9)).toThrow(message);
  });

  test('whose content is larger than expected is an error', () => {
    const bytes = compressedFile({ content } as Compressed);
    expect(() => decompress(bytes, 2_000_000)).toThrow('its content has 2500000 bytes, expected at most 2000000');
  });
});
