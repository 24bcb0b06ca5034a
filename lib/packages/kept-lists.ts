/**
 * Keeps dpkg's file lists and their index in the cache, as one file: opening a thousand lists and indexing their lines takes ten times as
 * long as reading the index. A block of the lists' text is read only when a lookup needs a line in it.
 *
 * Format: the start, and after it the text of the lists. The start has three numbers of 32 bits, little-endian (CRC-32 of the rest of the
 * start, length of the start, length of the header), the header in JSON, zeros up to a multiple of four, and the tables of the index.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { crc32 } from 'zlib';
import type { LineTables, Text } from './line-index';
import { cachedFile, keepNewest, makeCacheDirectory, markUsed, openCached } from '../process/cache-directory';
import { writeWhole } from '../process/whole-file';

/** The directory of the kept lists, below the cache directory. */
export const FILE_LISTS = 'file-lists';

/** To be incremented when the format or the hash function of the index changes. */
const VERSION = 2;
/** Lists of fewer bytes are not kept. */
const LEAST = 1024 * 1024;
/** Maximum number of roots whose lists are kept: the most recently used ones. */
const MOST_ROOTS = 4;
const WORD = Int32Array.BYTES_PER_ELEMENT;
/** Bytes before the header. */
const START = 3 * WORD;
/** Bytes of text that are read and checked at a time. */
const BLOCK = 32 * 1024;

export interface Lists {
  /** all lists, one after the other */
  readonly text: Text;
  /** where each list ends in the text */
  readonly ends: readonly number[];
  readonly tables: LineTables;
}

/** The text of kept lists differs from what was written. The lists have to be read from the root again. */
export class DamagedListsError extends Error {}

interface Header {
  readonly state: string;
  readonly ends: readonly number[];
  /** how many numbers each of the three tables has */
  readonly lengths: readonly [starts: number, first: number, next: number];
  /** bytes of the text */
  readonly size: number;
  /** CRC-32 of each block of the text */
  readonly blocks: readonly number[];
}

/**
 * @param place the directory of the lists on this machine
 * @param state returns a text that is different after any of the lists has changed; called only if the cache has lists
 * @returns `undefined` if the cache has no lists, if their state differs, or if the start of the file is damaged. If the text is
 *   damaged, reading it throws a `DamagedListsError`
 */
export function readKept(place: string, state: () => string): Lists | undefined {
  const file = fileOf(place);
  const opened = openCached(file);
  if (opened === undefined) return undefined;
  const { descriptor, size } = opened;
  let lists: Lists | undefined;
  try {
    lists = readLists(descriptor, size, state);
  } catch {
    // the file is cut off or malformed: the caller reads the lists from the root and writes the file again
  }
  if (lists) markUsed(file);
  else fs.closeSync(descriptor);
  return lists;
}

function readLists(descriptor: number, size: number, state: () => string): Lists | undefined {
  const numbers = readAt(descriptor, Buffer.alloc(START), 0);
  const end = numbers.readUInt32LE(WORD);
  if (end > size) return undefined;
  const start = readAt(descriptor, Buffer.allocUnsafeSlow(end), 0);
  if (start.readUInt32LE(0) !== crc32(start.subarray(WORD))) return undefined;
  const headerEnd = START + start.readUInt32LE(2 * WORD);
  const header = JSON.parse(start.toString('utf8', START, headerEnd)) as Header;
  if (header.size !== size - end || header.state !== stateOf(state())) return undefined;
  let at = aligned(headerEnd);
  const [starts, first, next] = header.lengths.map((length) => {
    const table = new Int32Array(start.buffer, start.byteOffset + at, length);
    at += length * WORD;
    return table;
  });
  return { text: new KeptText(descriptor, end, header), ends: header.ends, tables: { starts, first, next } };
}

/** The text of kept lists. The file stays open until this process ends. */
class KeptText implements Text {
  public readonly length: number;
  private readonly bytes: Buffer;
  private readonly blocks: readonly number[];
  private readonly isRead: boolean[] = [];

  /** @param offset where the text starts in the file */
  constructor(private readonly descriptor: number, private readonly offset: number, { size, blocks }: Header) {
    this.length = size;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.blocks = blocks;
  }

  /** @throws DamagedListsError */
  public subarray(start: number, end: number): Buffer {
    for (let block = Math.floor(start / BLOCK); block * BLOCK < end; block++) if (!this.isRead[block]) this.read(block);
    return this.bytes.subarray(start, end);
  }

  private read(block: number): void {
    const at = block * BLOCK;
    const bytes = this.bytes.subarray(at, at + BLOCK);
    try {
      readAt(this.descriptor, bytes, this.offset + at);
    } catch (error) {
      throw new DamagedListsError((error as Error).message);
    }
    if (crc32(bytes) !== this.blocks[block]) throw new DamagedListsError(`block ${block} has a wrong checksum`);
    this.isRead[block] = true;
  }
}

/** @throws Error if the file is too short */
function readAt(descriptor: number, into: Buffer, offset: number): Buffer {
  if (fs.readSync(descriptor, into, 0, into.length, offset) < into.length) throw new Error(`the file is cut off behind ${offset}`);
  return into;
}

export function keep(place: string, state: string, { text, ends, tables: { starts, first, next } }: Lists): void {
  if (text.length < LEAST) return;
  const bytes = text.subarray(0, text.length);
  const blocks = Array.from({ length: Math.ceil(bytes.length / BLOCK) }, (_, block) => (
    crc32(bytes.subarray(block * BLOCK, (block + 1) * BLOCK))));
  const header: Header = { state: stateOf(state), ends, lengths: [starts.length, first.length, next.length], size: bytes.length, blocks };
  const json = Buffer.from(JSON.stringify(header));
  const numbers = Buffer.alloc(aligned(START + json.length));
  const tables = [starts, first, next].map((table) => Buffer.from(table.buffer, table.byteOffset, table.byteLength));
  numbers.writeUInt32LE(tables.reduce((sum, { length }) => sum + length, numbers.length), WORD);
  numbers.writeUInt32LE(json.length, 2 * WORD);
  json.copy(numbers, START);
  numbers.writeUInt32LE([numbers.subarray(WORD), ...tables].reduce((checksum, part) => crc32(part, checksum), 0), 0);
  const file = fileOf(place);
  try {
    makeCacheDirectory(path.dirname(file));
    writeWhole(file, [numbers, ...tables, bytes]);
    keepNewest(path.dirname(file), MOST_ROOTS);
  } catch {
    // without the file, the next process reads the lists from the root
  }
}

function fileOf(place: string): string {
  return cachedFile(FILE_LISTS, place);
}

function stateOf(state: string): string {
  return createHash('sha256').update(`${VERSION} ${state}`).digest('hex');
}

function aligned(offset: number): number {
  return Math.ceil(offset / WORD) * WORD;
}
