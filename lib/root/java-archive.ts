/**
 * The string constants of a Java archive: names of commands and files that its classes use.
 *
 * A .jar is a zip of class files. In the constant pool of a class, a string is tag 1, its length in
 * two bytes, and its characters (Java Virtual Machine Specification, 4.4.7).
 */
import { inflateRawSync } from 'zlib';
import { CENTRAL, DEFLATED, END, endOfCentral, LOCAL, startOfBytes, STORED } from './zip-headers';

/** Maximum size of an archive, and of all its classes unpacked, in bytes. */
const MOST_ARCHIVE = 64 * 1024 * 1024;
const MOST_CLASSES = 256 * 1024 * 1024;

export function isArchive(head: Buffer): boolean {
  return head.length >= 4 && head.readUInt32LE(0) === LOCAL.signature;
}

/**
 * The strings that are constants of a class in the archive.
 *
 * @returns an empty set if the archive is too large or damaged: the result is only a hint
 */
export function constantsIn(archive: Buffer, strings: Iterable<string>): Set<string> {
  const matches = new Set<string>();
  const constants = [...strings].map((text) => ({ text, bytes: constantOf(text) }));
  for (const content of classesOf(archive)) {
    for (const { text, bytes } of constants) if (!matches.has(text) && content.includes(bytes)) matches.add(text);
  }
  return matches;
}

function constantOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([1, bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function* classesOf(archive: Buffer): Generator<Buffer> {
  const end = archive.length <= MOST_ARCHIVE ? endOf(archive) : undefined;
  if (end === undefined) return;
  let left = MOST_CLASSES;
  let at = archive.readUInt32LE(end + END.directory);
  for (let count = archive.readUInt16LE(end + END.count); count > 0; count--) {
    if (at + CENTRAL.size > archive.length || archive.readUInt32LE(at) !== CENTRAL.signature) return;
    const start = at + CENTRAL.size;
    const name = archive.toString('latin1', start, start + archive.readUInt16LE(at + CENTRAL.nameLength));
    const unpacked = archive.readUInt32LE(at + CENTRAL.unpacked);
    if (name.endsWith('.class') && unpacked <= left) {
      left -= unpacked;
      const content = unpack(archive, at, unpacked);
      if (content) yield content;
    }
    at = endOfCentral(archive, at);
  }
}

function endOf(archive: Buffer): number | undefined {
  const lowest = Math.max(0, archive.length - END.size - END.mostComment);
  for (let at = archive.length - END.size; at >= lowest; at--) if (archive.readUInt32LE(at) === END.signature) return at;
  return undefined;
}

function unpack(archive: Buffer, entry: number, size: number): Buffer | undefined {
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
