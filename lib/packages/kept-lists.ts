/**
 * Keeps dpkg's file lists and their index in the cache, as one file: opening a thousand lists and indexing their lines takes four times
 * as long as reading it.
 *
 * Format, in the byte order of the machine: the CRC-32 of everything behind it, the number of bytes of a header in JSON as 32 bits, the
 * header, zeros up to a multiple of four, the tables of the index, the text of the lists.
 */
import { createHash } from 'crypto';
import * as path from 'path';
import { crc32 } from 'zlib';
import type { LineTables } from './line-index';
import { cacheDirectory, keepNewest, makeCacheDirectory, markUsed, readCachedBytes } from '../process/cache-directory';
import { writeWhole } from '../process/whole-file';

/** The directory of the kept lists, below the cache directory. */
export const FILE_LISTS = 'file-lists';

/** Change it with the format, and with the hash of the index. */
const VERSION = 1;
/** Lists of fewer bytes are not kept. */
const LEAST = 1024 * 1024;
/** Roots whose lists are kept: those that were used last. */
const MOST_ROOTS = 4;
const WORD = Int32Array.BYTES_PER_ELEMENT;
/** Bytes before the header. */
const START = 2 * WORD;

export interface Lists {
  /** all lists, one after the other */
  readonly bytes: Buffer;
  /** where each ends among the others */
  readonly ends: readonly number[];
  readonly tables: LineTables;
}

interface Header {
  readonly state: string;
  readonly ends: readonly number[];
  /** lengths of the three tables, in numbers */
  readonly lengths: readonly [starts: number, first: number, next: number];
}

/**
 * @param place the directory of the lists on this machine
 * @param state returns what changes with every list; it is called only if lists are kept
 * @returns `undefined` if no lists are kept, if these are older, or if the file is damaged
 */
export function readKept(place: string, state: () => string): Lists | undefined {
  const file = fileOf(place);
  const kept = readCachedBytes(file);
  if (kept === undefined || kept.length < START || kept.readUInt32LE(0) !== crc32(kept.subarray(WORD))) return undefined;
  try {
    const headerEnd = START + kept.readUInt32LE(WORD);
    const header = JSON.parse(kept.toString('utf8', START, headerEnd)) as Header;
    if (header.state !== stateOf(state())) return undefined;
    const rest = kept.subarray(aligned(headerEnd));
    let at = 0;
    const [starts, first, next] = header.lengths.map((length) => {
      const table = new Int32Array(rest.buffer, rest.byteOffset + at, length);
      at += length * WORD;
      return table;
    });
    markUsed(file);
    return { bytes: rest.subarray(at), ends: header.ends, tables: { starts, first, next } };
  } catch {
    return undefined; // cut off, or not ours: it is made again
  }
}

export function keep(place: string, state: string, { bytes, ends, tables: { starts, first, next } }: Lists): void {
  if (bytes.length < LEAST) return;
  const header: Header = { state: stateOf(state), ends, lengths: [starts.length, first.length, next.length] };
  const text = Buffer.from(JSON.stringify(header));
  const start = Buffer.alloc(aligned(START + text.length));
  start.writeUInt32LE(text.length, WORD);
  text.copy(start, START);
  const tables = [starts, first, next].map((table) => Buffer.from(table.buffer, table.byteOffset, table.byteLength));
  const checked = [start.subarray(WORD), ...tables, bytes];
  start.writeUInt32LE(checked.reduce((checksum, part) => crc32(part, checksum), 0), 0);
  const file = fileOf(place);
  try {
    makeCacheDirectory(path.dirname(file));
    writeWhole(file, [start, ...tables, bytes]);
    keepNewest(path.dirname(file), MOST_ROOTS);
  } catch {
    // the next process reads the lists
  }
}

function fileOf(place: string): string {
  return path.join(cacheDirectory(), FILE_LISTS, createHash('sha256').update(place).digest('hex').slice(0, 32));
}

function stateOf(state: string): string {
  return createHash('sha256').update(`${VERSION} ${state}`).digest('hex');
}

function aligned(offset: number): number {
  return Math.ceil(offset / WORD) * WORD;
}
