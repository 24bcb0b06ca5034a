/**
 * The size of a file in the layer, which may be stored compressed.
 *
 * Sizes are estimated: a plan is complete before a byte is compressed.
 */
import { cacheByRoot } from './cache-by-root';
import type { Bytes } from '../elf';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/** Bytes of the smallest file that may be stored compressed: each one takes a check at every start of a program. */
const LEAST_COMPRESSED = 1024 * 1024;

/** Pieces of a file that are looked at, and their size in bytes. */
const PIECES = 16;
const PIECE_SIZE = 16 * 1024;

const compressible = cacheByRoot<boolean>();

/** Estimated bytes of a file that is stored compressed. On Debian 12, 55 of the 60 largest files take at most 45 % of their size. */
export function estimatedSize(bytes: number): number {
  return Math.ceil(bytes * 0.45);
}

/** Estimated bytes that a file takes in a layer, if large files may be stored compressed or not. */
export function sizeInLayer(real: RootPath, { root, compress }: { readonly root: Root; readonly compress: boolean }): number {
  const { size } = root.status(real)!;
  return compress ? smallestSize(real, size, root) : size;
}

/** The sum for several files. */
export function bytesInLayer(files: Iterable<RootPath>, options: { readonly root: Root; readonly compress: boolean }): number {
  let bytes = 0;
  for (const real of files) bytes += sizeInLayer(real, options);
  return bytes;
}

/** Estimated bytes of a file that is stored compressed if that makes it smaller. */
export function smallestSize(real: RootPath, size: number, root: Root): number {
  return isCompressible(real, size, root) ? estimatedSize(size) : size;
}

/** Whether a file is large, and compression makes it smaller: not that of a picture or an archive. */
export function isCompressible(real: RootPath, size: number, root: Root): boolean {
  if (size < LEAST_COMPRESSED) return false;
  return compressible(root, real, () => {
    root.stamp(real); // recorded before the content is read
    return root.readParts(real, isUneven);
  });
}

/** Whether bytes are unevenly distributed, unlike those of compressed data. It compares whole numbers, so machines do not differ. */
function isUneven(bytes: Bytes): boolean {
  const counts = new Array<number>(256).fill(0);
  let count = 0;
  for (let piece = 0; piece < PIECES; piece++) {
    const start = Math.floor((bytes.length / PIECES) * piece);
    const sample = bytes.subarray(start, start + PIECE_SIZE);
    for (const byte of sample) counts[byte]++;
    count += sample.length;
  }
  const squares = counts.reduce((sum, each) => sum + each * each, 0);
  // the bytes of compressed data are equally frequent: count²/256. Those of machine code give 5 times as much or more
  return squares * 256 > 1.5 * count * count;
}
