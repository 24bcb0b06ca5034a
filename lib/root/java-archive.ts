/**
 * The string constants of a Java archive: names of commands and files that its classes use.
 *
 * A .jar is a zip of class files. A class begins with a signature, its version, the number of its constants plus one, and the constants.
 * A constant begins with a tag. In a string, the length and the characters follow (Java Virtual Machine Specification, 4.1 and 4.4).
 */
import { inflateRawSync } from 'zlib';
import { CENTRAL, DEFLATED, END, endOfCentral, LOCAL, startOfBytes, STORED } from './zip-headers';

/** Maximum size of an archive, and of all its classes unpacked, in bytes. */
const MOST_ARCHIVE = 64 * 1024 * 1024;
const MOST_CLASSES = 256 * 1024 * 1024;

/** Offsets in a class, in bytes. */
const CLASS = { signature: 0xcafebabe, count: 8, constants: 10 };

const STRING = 1;

/** Tags of constants of 8 bytes: each counts as two constants. */
const LONG_TAGS: ReadonlySet<number> = new Set([5, 6]);

/** Tag → size of a constant, including the tag, in bytes. */
const SIZES: ReadonlyMap<number, number> = new Map([
  [3, 5], [4, 5], [5, 9], [6, 9], [7, 3], [8, 3], [9, 5], [10, 5], [11, 5], [12, 5], [15, 4], [16, 3], [17, 5], [18, 5], [19, 3], [20, 3],
]);

export function isArchive(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === LOCAL.signature;
}

/** Whether a file begins like a .jar, which has its manifest first (java.util.jar.JarInputStream). */
export function isExecutableArchive(head: Buffer): boolean {
  return isArchive(head) && head.toString('latin1', LOCAL.size).startsWith('META-INF/');
}

/**
 * Finds which of the given strings are constants of a class in the archive.
 *
 * @returns these strings. The result is only a hint: damaged parts of an archive are skipped, and a very large archive is not searched
 */
export function constantsIn(archive: Buffer, strings: Iterable<string>): Set<string> {
  const names = new Map([...strings].map((text) => [Buffer.from(text).toString('latin1'), text]));
  const lengths = new Set([...names.keys()].map(({ length }) => length));
  const matches = new Set<string>();
  for (const content of classesOf(archive)) {
    for (const [start, end] of stringsOf(content)) {
      const match = lengths.has(end - start) ? names.get(content.toString('latin1', start, end)) : undefined;
      if (match !== undefined) matches.add(match);
    }
  }
  return matches;
}

/** The offsets of the start and the end of each string constant of a class. If the class is damaged, the list ends early. */
export function* stringsOf(content: Buffer): Generator<[start: number, end: number]> {
  if (content.length < CLASS.constants || content.readUInt32BE(0) !== CLASS.signature) return;
  let at = CLASS.constants;
  for (let left = content.readUInt16BE(CLASS.count) - 1; left > 0 && at + 3 <= content.length; left--) {
    const tag = content[at];
    if (tag === STRING) {
      const start = at + 3;
      at = start + content.readUInt16BE(at + 1);
      if (at <= content.length) yield [start, at];
    } else {
      const size = SIZES.get(tag);
      if (size === undefined) return;
      at += size;
      if (LONG_TAGS.has(tag)) left--;
    }
  }
}

function* classesOf(archive: Buffer): Generator<Buffer> {
  let left = MOST_CLASSES;
  for (const { name, at } of entriesOf(archive)) {
    const unpacked = archive.readUInt32LE(at + CENTRAL.unpacked);
    if (!name.endsWith('.class') || unpacked > left) continue;
    left -= unpacked;
    const content = unpack(archive, at, unpacked);
    if (content) yield content;
  }
}

/** An entry of an archive. */
export interface ArchiveEntry {
  readonly name: string;
  /** offset of its header in the central directory */
  readonly at: number;
}

/** The entries of an archive. If the archive is damaged, the list ends early; if the archive is too large, the list is empty. */
export function* entriesOf(archive: Buffer): Generator<ArchiveEntry> {
  const end = archive.length <= MOST_ARCHIVE ? endOf(archive) : undefined;
  if (end === undefined) return;
  let at = archive.readUInt32LE(end + END.directory);
  for (let count = archive.readUInt16LE(end + END.count); count > 0; count--) {
    if (at + CENTRAL.size > archive.length || archive.readUInt32LE(at) !== CENTRAL.signature) return;
    const start = at + CENTRAL.size;
    yield { name: archive.toString('latin1', start, start + archive.readUInt16LE(at + CENTRAL.nameLength)), at };
    at = endOfCentral(archive, at);
  }
}

/** The offset of the record at the end of an archive. */
export function endOf(archive: Buffer): number | undefined {
  const lowest = Math.max(0, archive.length - END.size - END.mostComment);
  for (let at = archive.length - END.size; at >= lowest; at--) if (archive.readUInt32LE(at) === END.signature) return at;
  return undefined;
}

/** @param entry offset of its header in the central directory */
export function unpack(archive: Buffer, entry: number, size: number): Buffer | undefined {
  const local = archive.readUInt32LE(entry + CENTRAL.offset);
  if (local + LOCAL.size > archive.length || archive.readUInt32LE(local) !== LOCAL.signature) return undefined;
  const start = startOfBytes(archive, local);
  const packed = archive.subarray(start, start + archive.readUInt32LE(entry + CENTRAL.packed));
  const method = archive.readUInt16LE(entry + CENTRAL.method);
  if (method === STORED) return packed;
  if (method !== DEFLATED || size === 0) return undefined;
  try {
    return inflateRawSync(packed, { maxOutputLength: size });
  } catch {
    return undefined;
  }
}
