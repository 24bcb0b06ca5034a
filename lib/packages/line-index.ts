/**
 * An index of the lines of a text, which finds a line without reading the whole text.
 */
import { checkLimit, LIMITS } from '../limits';

/** Bytes in memory, such as a Buffer, or in a file. */
export interface Text {
  readonly length: number;
  subarray(start: number, end: number): Buffer;
}

export interface LineTables {
  /** line → offset of its first byte */
  readonly starts: Int32Array;
  /** the lowest bits of a hash → the first line with them, -1 for none; its length is a power of 2 */
  readonly first: Int32Array;
  /** line → the next one with the same bits, -1 for none */
  readonly next: Int32Array;
}

/**
 * Finds lines in a text of megabytes without splitting it.
 *
 * One pass over the text hashes the end and the length of each line, and chains lines with the same hash. A search compares the lines
 * of one chain with the requested one. Equal lines, such as a directory that every package lists, make a chain long.
 */
export class LineIndex {
  /** @param tables of the same text */
  public constructor(private readonly text: Text, public readonly tables: LineTables) {}

  /** @param where the text's name in errors */
  public static of(bytes: Buffer, where: string): LineIndex {
    const starts: number[] = [];
    const hashes: number[] = [];
    for (let at = 0; at < bytes.length; ) {
      const found = bytes.indexOf(LINE_FEED, at); // fast, because it is native
      const end = found < 0 ? bytes.length : found;
      starts.push(at);
      hashes.push(hashOf(bytes, at, end));
      if (starts.length > LIMITS.fileListLines.most) checkLimit(LIMITS.fileListLines, starts.length, where);
      at = end + 1;
    }
    const first = new Int32Array(2 ** Math.ceil(Math.log2(starts.length + 1))).fill(-1);
    const next = new Int32Array(starts.length);
    // from last to first, so that chains are in the order of the text
    for (let line = starts.length - 1; line >= 0; line--) {
      const slot = slotOf(hashes[line], first);
      next[line] = first[slot];
      first[slot] = line;
    }
    return new LineIndex(bytes, { starts: Int32Array.from(starts), first, next });
  }

  /** The offsets of all lines with this text, in order. */
  public offsets(text: string): number[] {
    const offsets: number[] = [];
    const wanted = Buffer.from(text);
    const { starts, first, next } = this.tables;
    for (let line = first[slotOf(hashOf(wanted, 0, wanted.length), first)]; line >= 0; line = next[line]) {
      const start = starts[line];
      const found = this.text.subarray(start, Math.min(start + wanted.length + 1, this.text.length));
      const isEnd = found.length === wanted.length || found[wanted.length] === LINE_FEED;
      if (isEnd && found.compare(wanted, 0, wanted.length, 0, wanted.length) === 0) offsets.push(start);
    }
    return offsets;
  }
}

function slotOf(hash: number, first: Int32Array): number {
  return hash & (first.length - 1);
}

/** FNV-1a, 32 bits, of the last bytes of a line. It starts from the line's length instead of the usual constant. */
function hashOf(bytes: Buffer, start: number, end: number): number {
  let hash = end - start;
  for (let at = Math.max(start, end - HASHED); at < end; at++) hash = imul(hash ^ bytes[at], PRIME);
  return hash;
}

/** A local name, because jest looks up globals in the test's context, which makes a loop over many bytes ten times slower. */
const { imul } = Math;

const LINE_FEED = 0x0a;
const HASHED = 16;
const PRIME = 0x01000193;
