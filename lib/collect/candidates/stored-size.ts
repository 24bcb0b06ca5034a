/**
 * The size that a file takes in the layer, in which it may be stored compressed.
 *
 * Compressed sizes are estimates, because such files are compressed only when the layer is packed.
 */
import { deflatedShare } from './deflated-share';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import { cacheByRoot } from '../selection/cache-by-root';

/**
 * Bytes of the smallest file that may be stored compressed. Each compressed file is checked at every start of a program, so small files
 * are compressed only if compressing the large ones does not suffice.
 */
export const LARGE_FILES = 1024 * 1024;
export const SMALL_FILES = 64 * 1024;
export const NO_FILES = Infinity;

/**
 * A file is stored compressed only if compression leaves at most this share of its size. Otherwise, the saved bytes are not worth the time
 * to unpack it. Pictures and archives are above this share.
 */
const MOST_SHARE = 0.9;

/** What stored sizes depend on. */
export interface Storage {
  readonly root: Root;
  /** bytes of the smallest file that may be stored compressed */
  readonly leastCompressed: number;
}

const shares = cacheByRoot<number>();

/** Estimated bytes that a file takes in a layer. */
export function sizeInLayer(real: RootPath, { root, leastCompressed }: Storage): number {
  const { size } = root.status(real)!;
  return storedSize(real, size, root, leastCompressed);
}

/** The sum for several files. */
export function bytesInLayer(files: Iterable<RootPath>, storage: Storage): number {
  let bytes = 0;
  for (const real of files) bytes += sizeInLayer(real, storage);
  return bytes;
}

/** Estimated bytes that a file takes: compressed if that saves enough, otherwise its size. */
export function storedSize(real: RootPath, size: number, root: Root, leastCompressed: number): number {
  return compressedSize(real, size, root, leastCompressed) ?? size;
}

/** Estimated compressed size of a file; `undefined` if the file is too small or compression saves too little. */
export function compressedSize(real: RootPath, size: number, root: Root, leastCompressed: number): number | undefined {
  if (size < leastCompressed) return undefined;
  const share = shares(root, real, () => {
    root.stamp(real); // recorded before the content is read, so that a change during reading is noticed
    return root.readParts(real, deflatedShare);
  });
  return share > MOST_SHARE ? undefined : Math.ceil(size * share);
}
