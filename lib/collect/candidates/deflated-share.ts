/**
 * An estimate of how much deflate compresses bytes. It searches samples for repetitions, as deflate does. Bytes outside of repetitions,
 * which deflate stores as literals, count with their entropy.
 *
 * zlib itself is not used: its versions compress to different sizes, and a plan must not depend on the version. Measured on 900 files of
 * Debian 12 that have 64 KB or more: the sum of the estimates is 1.08 times the sum of the real compressed sizes, and each estimate is at
 * least 0.93 times the real compressed size of its file.
 */
import type { Bytes } from '../../elf';

/** Number of samples of a file, and their size in bytes. */
const PIECES = 8;
const PIECE_SIZE = 32 * 1024;

/** Length of the shortest and the longest repetition, in bytes. RFC 1951 has repetitions of 3 bytes, too, which are ignored. */
const LEAST_REPETITION = 4;
const MOST_REPETITION = 258;
const HASH_BITS = 14;

/** Bits of a repetition, and bits that the tables of codes add to each literal. Measured. */
const REPETITION_BITS = 19;
const LITERAL_BITS = 0.4;
/** Deflate saves more than the search in samples finds. The more the search finds, the larger the difference. Measured. */
const BETTER = 0.2;

/** The result for a typical large file. It is assumed for sparse files: samples that contain only zeros say nothing about the rest. */
const UNKNOWN_SHARE = 0.45;
/** Samples with at most this many literals per byte say nothing about the file. */
const FEW_LITERALS = 1 / 1024;

/** @returns compressed size in proportion to the size. For bytes that are compressed already, it may be above 1 */
export function deflatedShare(bytes: Bytes): number {
  let [bits, literals, count] = [0, 0, 0];
  const pieces = bytes.length <= PIECES * PIECE_SIZE ? 1 : PIECES;
  for (let piece = 0; piece < pieces; piece++) {
    const start = Math.floor((bytes.length / pieces) * piece);
    const sample = bytes.subarray(start, pieces === 1 ? bytes.length : start + PIECE_SIZE);
    const found = deflated(sample);
    bits += found.bits;
    literals += found.literals;
    count += sample.length;
  }
  if (literals <= count * FEW_LITERALS) return UNKNOWN_SHARE;
  const share = bits / 8 / count;
  return share * (1 - BETTER * (1 - share));
}

function deflated(bytes: Buffer): { readonly bits: number; readonly literals: number } {
  const last = new Int32Array(1 << HASH_BITS).fill(-1);
  const counts = new Array<number>(256).fill(0);
  let [literals, repetitions, at] = [0, 0, 0];
  while (at <= bytes.length - LEAST_REPETITION) {
    const hash = Math.imul(bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16), 0x9e3779b1) >>> (32 - HASH_BITS);
    const earlier = last[hash];
    last[hash] = at;
    let length = 0;
    if (earlier >= 0 && at - earlier <= PIECE_SIZE) {
      const most = Math.min(MOST_REPETITION, bytes.length - at);
      while (length < most && bytes[earlier + length] === bytes[at + length]) length++;
    }
    if (length >= LEAST_REPETITION) {
      repetitions++;
      at += length;
    } else {
      counts[bytes[at++]]++;
      literals++;
    }
  }
  let bits = repetitions * REPETITION_BITS + literals * LITERAL_BITS + (bytes.length - at) * 8;
  for (const count of counts) if (count > 0) bits -= count * Math.log2(count / literals);
  return { bits, literals };
}
