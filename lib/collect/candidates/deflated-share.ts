/**
 * An estimate of how much deflate compresses bytes, from samples: repetitions are searched as deflate does, and the rest counts with its
 * entropy.
 *
 * Versions of zlib compress to different sizes, so a plan must not depend on these. Measured on 900 files of Debian 12 that have 64 KB or
 * more: the estimate is 1.08 times the size in sum, and 0.93 times or more for each file.
 */
import type { Bytes } from '../../elf';

/** Pieces of a file that are looked at, and their size in bytes. */
const PIECES = 8;
const PIECE_SIZE = 32 * 1024;

/** The shortest and longest repetitions, and how far back they refer, in bytes: RFC 1951, except that shorter ones are ignored. */
const LEAST_REPETITION = 4;
const MOST_REPETITION = 258;
const HASH_BITS = 14;

/** Bits of a repetition, and of the codes' tables for each other byte, measured. */
const REPETITION_BITS = 19;
const LITERAL_BITS = 0.4;
/** Deflate finds more than a search in samples, in proportion to what it finds: measured. */
const BETTER = 0.2;

/** Samples of nothing but zeros say nothing about a sparse file: it has the share of most large files. */
const UNKNOWN_SHARE = 0.45;
/** In proportion to the bytes of the samples. */
const FEW_LITERALS = 1 / 1024;

/** @returns compressed size in proportion to the size, which is above 1 for bytes that have been compressed already */
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
