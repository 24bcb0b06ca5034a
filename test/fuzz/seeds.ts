/**
 * A valid file for each reader of binary files, built byte by byte so that it is the same on every machine.
 */
import type { Field, Seed } from './mutate';
import { stubLibrary } from '../../lib/elf/stub';
import { build, halfWords, words } from '../elf/bytes';
import { blocksOf, directory, hardLink, pax, symbolicLink, type TarEntry } from '../source/image/tar';
import { rawBytes } from '../zip/raw-bytes';

const u16 = (...values: number[]): Buffer => Buffer.concat(values.map((value) => Buffer.from([value & 0xff, value >> 8])));

/** Every number in a region of a file, each `size` bytes. */
function column(start: number, end: number, size: Field['size']): Field[] {
  return Array.from({ length: Math.max(0, Math.floor((end - start) / size)) }, (_, index) => ({ offset: start + index * size, size }));
}

const NAMES = Buffer.from('\0libc.so.6\0libz.so.1\0librig.so\0$ORIGIN/../lib:/usr/lib\0GLIBC_2.34\0ZLIB_1.2\0inflate\0puts\0');
const nameOf = (name: string): number => NAMES.indexOf(`\0${name}\0`) + 1;
const NEEDS = Buffer.concat([
  u16(1, 2),
  halfWords(nameOf('libc.so.6'), 16, 48),
  Buffer.alloc(4),
  u16(0, 2),
  halfWords(nameOf('GLIBC_2.34'), 16),
  Buffer.alloc(4),
  u16(2, 3),
  halfWords(nameOf('ZLIB_1.2'), 0),
  u16(1, 1),
  halfWords(nameOf('libz.so.1'), 16, 0),
  Buffer.alloc(4),
  u16(0, 4),
  halfWords(nameOf('ZLIB_1.2'), 0),
]);
const DEFINITIONS = Buffer.concat([
  u16(1, 1, 1, 1),
  halfWords(0, 20, 28, nameOf('librig.so'), 0),
  u16(1, 0, 2, 1),
  halfWords(0, 20, 0, nameOf('ZLIB_1.2'), 0),
]);
const SYMBOLS = Buffer.concat(
  ['', 'inflate', 'puts'].map((name) =>
    Buffer.concat([halfWords(name === '' ? 0 : nameOf(name)), Buffer.from([0x12, 0]), u16(0), words(0, 0)]),
  ),
);
const RELOCATIONS = Buffer.concat([1, 2].map((index) => Buffer.concat([words(0x400), halfWords(7, index), words(0x200)])));
const note = (owner: string, type: number, descriptor: string): Buffer => {
  const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  return Buffer.concat([
    halfWords(owner.length + 1, descriptor.length, type),
    padded(Buffer.from(`${owner}\0`)),
    padded(Buffer.from(descriptor)),
  ]);
};
const NOTES = Buffer.concat([
  note('GNU', 3, 'build-id'),
  note('FDO', 0x407c0c0a, '[{"soname":["libz.so.1"],"priority":"required"},{"soname":["libx.so"]}]\0'),
]);

function elf(type: number): Seed {
  const blocks = {
    interpreter: Buffer.from('/lib64/ld-linux-x86-64.so.2\0'),
    strings: NAMES,
    needs: NEEDS,
    definitions: DEFINITIONS,
    symbols: SYMBOLS,
    relocations: RELOCATIONS,
    notes: NOTES,
    data: Buffer.from('\0/usr/share/rig/data\0convert -x\0'),
    spare: Buffer.alloc(64),
  };
  const dynamic = [
    [1, nameOf('libc.so.6')],
    [1, nameOf('libz.so.1')],
    [14, nameOf('librig.so')],
    [29, NAMES.indexOf('$ORIGIN')],
    [5, 'strings'],
    [10, NAMES.length],
    [6, 'symbols'],
    [7, 'relocations'],
    [8, RELOCATIONS.length],
    [0x6ffffffe, 'needs'],
    [0x6fffffff, 2],
    [0x6ffffffc, 'definitions'],
    [0x6ffffffd, 2],
    [0, 0],
    [0, 0],
  ] as const;
  const bytes = build({
    type,
    headers: [
      { type: 3, block: 'interpreter' },
      { type: 4, block: 'notes', align: 4 },
      { type: 0, block: 'spare' },
    ],
    blocks,
    dynamic,
  });
  const place = (block: Buffer): number => bytes.indexOf(block);
  const inside = (block: Buffer, size: Field['size']): Field[] => column(place(block), place(block) + block.length, size);
  return {
    bytes,
    fields: [
      ...column(16, 24, 2),
      ...column(24, 48, 8),
      ...column(52, 64, 2),
      ...Array.from({ length: 5 }, (_, index) => 64 + 56 * index).flatMap((at) => [
        ...column(at, at + 8, 4),
        ...column(at + 8, at + 56, 8),
      ]),
      ...column(bytes.length - dynamic.length * 16 - 16, bytes.length, 8),
      ...inside(NEEDS, 4),
      ...inside(NEEDS, 2),
      ...inside(DEFINITIONS, 4),
      ...inside(SYMBOLS, 4),
      ...inside(RELOCATIONS, 4),
      ...inside(NOTES.subarray(0, 12), 4),
      ...column(place(NOTES) + 24, place(NOTES) + 36, 4),
    ],
  };
}

export const ELF: readonly Seed[] = [elf(3), elf(2)];

/** A library with hash table, versions and functions. */
function stub(machine: 'x86_64' | 'aarch64'): Seed {
  const versions = ['librig.so', 'RIG_1', 'RIG_2'].map((name, index) => (
    { name, index: index + 1, isBase: index === 0, isWeak: false, parents: index === 2 ? ['RIG_1'] : [] }
  ));
  const symbols = ['open', 'close', 'open'].map((name, index) => (
    { name, version: versions[index], isHidden: index === 2, type: 'function', binding: 'global', size: 1, isFunction: true } as const
  ));
  const original = { machine, soname: 'librig.so', flags1: 8, versions, exports: new Map(), imports: [] };
  const bytes = stubLibrary(original, symbols, { library: 'rig' });
  return { bytes, fields: [...column(0x40, bytes.length, 4), ...column(0x40, bytes.length, 8)] };
}

export const STUB: readonly Seed[] = [stub('x86_64'), stub('aarch64')];

function loaderCache(): Seed {
  const strings = Buffer.from(
    'libc.so.6\0/lib/x86_64-linux-gnu/libc.so.6\0libz.so.1\0/usr/lib/glibc-hwcaps/x86-64-v3/libz.so.1\0x86-64-v3\0',
  );
  const count = 3;
  const start = 48 + 24 * count;
  const at = (text: string): number => start + strings.indexOf(text);
  const entries = [
    halfWords(0x303, at('libc.so.6'), at('/lib/x86'), 0, 0, 0),
    halfWords(0x303, at('libz'), at('/usr'), 0, 0, 1 << 30),
    halfWords(0x3, at('libz'), at('/usr'), 0, 0, 0),
  ];
  const extension = Math.ceil((start + strings.length) / 4) * 4;
  const padding = Buffer.alloc(extension - start - strings.length);
  const header = Buffer.concat([Buffer.from('glibc-ld.so.cache1.1'), halfWords(count, strings.length, 2, extension, 0, 0, 0)]);
  const bytes = Buffer.concat([header, ...entries, strings, padding, halfWords(0xeaa42174, 1, 1, 0, extension + 24, 4, at('x86-64-v3'))]);
  return { bytes, fields: [...column(20, start, 4), ...column(extension, bytes.length, 4)] };
}

const old = Buffer.concat([Buffer.from('ld.so-1.7.0\0'), halfWords(1), Buffer.alloc(12), Buffer.alloc(4)]);
const cache = loaderCache();
export const LOADER_CACHE: readonly Seed[] = [
  cache,
  { bytes: Buffer.concat([old, cache.bytes]), fields: [{ offset: 12, size: 4 }, ...column(old.length + 20, old.length + 120, 4)] },
];

const zipBytes = rawBytes([
  { name: 'bin/' },
  { name: 'bin/rig', content: 'program '.repeat(20), mode: 0o100755 },
  { name: 'bin/stored', content: 'stored', method: 0 },
  { name: 'bin/link', content: 'rig', mode: 0o120777 },
  { name: 'elf/a/b', content: 'x'.repeat(500) },
]);

function zip(): Seed {
  const fields: Field[] = [];
  for (let at = 0; at + 46 <= zipBytes.length; at++) {
    const signature = zipBytes.readUInt32LE(at);
    if (signature === 0x04034b50) {
      fields.push(...column(at + 4, at + 14, 2), ...column(at + 14, at + 26, 4), ...column(at + 26, at + 30, 2));
    }
    if (signature === 0x02014b50) {
      fields.push(
        ...column(at + 4, at + 16, 2),
        ...column(at + 16, at + 28, 4),
        ...column(at + 28, at + 38, 2),
        ...column(at + 38, at + 46, 4),
      );
    }
  }
  const end = zipBytes.length - 22;
  return {
    bytes: zipBytes,
    fields: [...fields, ...column(end + 4, end + 12, 2), ...column(end + 12, end + 20, 4), ...column(end + 20, end + 22, 2)],
  };
}

export const ZIP: readonly Seed[] = [zip()];

const TAR_ENTRIES: readonly TarEntry[] = [
  directory('usr/'),
  directory('usr/bin/'),
  { name: 'usr/bin/rig', mode: 0o755, content: 'x'.repeat(600) },
  symbolicLink('bin', 'usr/bin'),
  pax({ path: 'usr/share/ő', mtime: '1.5' }),
  { name: 'usr/share/name' },
  { name: '././@LongLink', type: 'L', content: 'usr/share/long\0' },
  { name: 'usr/share/lo' },
  hardLink('usr/bin/hard', 'usr/bin/rig'),
  { name: 'dev/null', type: '3', mode: 0o666 },
];

function tar(): Seed {
  const blocks: Buffer[] = [];
  const fields: Field[] = [];
  for (const entry of TAR_ENTRIES) {
    const at = blocks.reduce((sum, { length }) => sum + length, 0);
    blocks.push(blocksOf(entry));
    // name, mode, size, checksum, type, link: each byte is a character
    fields.push(
      ...column(at, at + 8, 1),
      ...column(at + 100, at + 107, 1),
      ...column(at + 124, at + 135, 1),
      ...column(at + 148, at + 158, 1),
      ...column(at + 257, at + 263, 1),
    );
  }
  blocks.push(Buffer.alloc(1024));
  return { bytes: Buffer.concat(blocks), fields, repair: withChecksums };
}

/** The sum of a header's bytes, with the checksum field counted as spaces (pax, ustar interchange format: chksum). */
function withChecksums(bytes: Buffer): Buffer {
  const repaired = Buffer.from(bytes);
  for (let at = 0; at + 512 <= repaired.length; at += 512) {
    if (repaired.toString('latin1', at + 257, at + 262) !== 'ustar') continue;
    repaired.fill(' ', at + 148, at + 156);
    const sum = repaired.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    repaired.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148, 'latin1');
  }
  return repaired;
}

export const TAR: readonly Seed[] = [tar()];
