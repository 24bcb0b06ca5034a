/**
 * Compresses the bytes of a file on several cores: raw DEFLATE, in blocks that do not depend on the number of cores.
 *
 * Each block is compressed with the 32 kB before it as its dictionary and ends at a byte boundary, so the blocks of a file form
 * one stream. That adds 0.01 % to its size.
 */
import { constants, deflateRaw } from 'zlib';

/** Bytes of a block. */
const BLOCK = 2 * 1024 * 1024;
/** The farthest distance of a match. */
const WINDOW = 32 * 1024;
/**
 * zlib's level 5 gives 0.5 % more bytes than level 6 and takes 90 % of its time, and 1 % more bytes than level 9 in a third of its
 * time. Small files are compressed quickly, large ones well.
 */
const COMPRESSION = { least: 5, most: 6, mostFrom: 12 * 1024 * 1024 };
/** zlib keeps matches this much shorter than the window (MIN_LOOKAHEAD in its deflate.h). */
const LOOKAHEAD = 262;
const LEAST_WINDOW_BITS = 9;
const MOST_WINDOW_BITS = 15;

/** @returns the stream in parts; it may be larger than the content */
export async function deflate(content: Buffer): Promise<readonly Buffer[]> {
  const level = content.length < COMPRESSION.mostFrom ? COMPRESSION.least : COMPRESSION.most;
  const blocks: Promise<Buffer>[] = [];
  let start = 0;
  do {
    const end = Math.min(start + BLOCK, content.length);
    blocks.push(deflateBlock(content, start, end, level));
    start = end;
  } while (start < content.length);
  return Promise.all(blocks);
}

function deflateBlock(content: Buffer, start: number, end: number, level: number): Promise<Buffer> {
  const options = {
    level,
    finishFlush: end === content.length ? constants.Z_FINISH : constants.Z_SYNC_FLUSH,
    ...(start > 0 ? { dictionary: content.subarray(Math.max(0, start - WINDOW), start) } : {}),
    // the bytes are those of a full window, which would take longer to set up than small files to compress
    windowBits: start > 0 ? MOST_WINDOW_BITS : windowBitsFor(end),
    chunkSize: Math.max(constants.Z_MIN_CHUNK, Math.min(end - start, BLOCK)),
  };
  return new Promise((resolve, reject) => {
    deflateRaw(content.subarray(start, end), options, (error, deflated) => (error ? reject(error) : resolve(deflated)));
  });
}

function windowBitsFor(length: number): number {
  return Math.min(MOST_WINDOW_BITS, Math.max(LEAST_WINDOW_BITS, Math.ceil(Math.log2(length + LOOKAHEAD))));
}
