/**
 * Reads the zip of a layer, which is not trusted. The result is complete, stays inside the layer, and does not exceed Lambda's limit.
 * All checks come first: an invalid zip is rejected as a whole.
 *
 * APPNOTE.TXT 4.3: the central directory at the end describes each entry, and a local header before its bytes describes it
 * again. Both must agree, because unpackers differ in which one they believe.
 */
import * as fs from 'fs';
import { crc32, inflateRawSync } from 'zlib';
import { MOST_PATH, problemOf, refusal, type ZipEntry, ZipError } from './entry';
import { Tree } from './entry-tree';
import { MOST_BYTES } from '../lambda';
import { CENTRAL, DEFLATED, END, endOfCentral, LOCAL, startOfBytes, STORED } from '../root/zip-headers';
import { printableName } from '../text/printable';

/** ZIP64, for more entries than 16 bits can count: the locator, which has the offset of the record, and the record. */
const LOCATOR = { signature: 0x07064b50, size: 20, record: 8 };
const RECORD = { signature: 0x06064b50, size: 56, count: 32, directorySize: 40, directory: 48 };

const UNIX = 3;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
/** Flag: the local header has no sizes, because they follow the data. */
const DESCRIBED_AFTER = 0x0008;
const TYPE = 0o170000;
const TYPES: Readonly<Record<number, ZipEntry['type']>> = { 0o100000: 'file', 0o120000: 'link', 0o040000: 'directory' };
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Maximum size of all headers: far more than any layer needs. */
const MOST_HEADERS = 64 * 1024 * 1024;

/**
 * The entries of a layer's zip, in the order of its directory.
 *
 * @throws ZipError, and errors of reading the file
 */
export function readZip(file: string): ZipEntry[] {
  const { size } = fs.statSync(file);
  if (size > MOST_BYTES + MOST_HEADERS) {
    throw new ZipError(`${file} has ${size} bytes, expected the zip of a layer: Lambda's limit is ${MOST_BYTES} bytes unpacked`);
  }
  const entries = new ZipReader(file, fs.readFileSync(file)).entries();
  new Tree(file, entries).check();
  return entries;
}

interface Extent {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

class ZipReader {
  private readonly extents: Extent[] = [];

  constructor(private readonly file: string, private readonly bytes: Buffer) {}

  public entries(): ZipEntry[] {
    const { start, end, count } = this.directory();
    const entries: ZipEntry[] = [];
    let declared = 0;
    let at = start;
    while (entries.length < count) {
      if (at + CENTRAL.size > end || this.u32(at) !== CENTRAL.signature) {
        this.contradicts(`its directory contains ${entries.length} of ${count} entries`);
      }
      const next = endOfCentral(this.bytes, at);
      if (next > end) this.contradicts('an entry ends after its directory');
      const entry = this.entry(at, start);
      declared += sizeOf(entry);
      if (declared > MOST_BYTES) {
        throw new ZipError(
          `${this.file} exceeds Lambda's limit of ${MOST_BYTES} bytes unpacked, expected the zip of a layer: nothing was unpacked`,
        );
      }
      entries.push(entry);
      at = next;
    }
    if (at !== end) this.contradicts(`its directory has data after its ${count} entries`);
    this.checkOverlaps();
    // unpack and check files only now, when their total size is known to be acceptable
    for (const entry of entries) if (entry.type === 'file') entry.content();
    return entries;
  }

  private directory(): { start: number; end: number; count: number } {
    const { bytes } = this;
    const at = bytes.length - END.size;
    if (at < 0 || this.u32(at) !== END.signature || this.u16(at + END.commentLength) !== 0) {
      const begins = bytes.length >= 4 && this.u32(0) === LOCAL.signature;
      throw new ZipError(
        begins
          ? `${this.file} is truncated or has trailing data: ${bytes.length} bytes without a zip directory at the end; copy it again`
          : `${this.file} is not a zip (${bytes.length} bytes), expected the zip of a layer, such as asset.HASH.zip in cdk.out`,
      );
    }
    const [start, size, count] = [this.u32(at + END.directory), this.u32(at + END.directorySize), this.u16(at + END.count)];
    if (count !== 0xffff) return this.within({ start, size, end: at, count });
    const locator = at - LOCATOR.size;
    const record = locator - RECORD.size;
    const isThere =
      record >= 0 &&
      this.u32(locator) === LOCATOR.signature &&
      this.u32(record) === RECORD.signature &&
      bytes.readBigUInt64LE(locator + LOCATOR.record) === BigInt(record) &&
      bytes.readBigUInt64LE(record + RECORD.directory) === BigInt(start) &&
      bytes.readBigUInt64LE(record + RECORD.directorySize) === BigInt(size);
    if (!isThere) this.contradicts('the record with its number of entries is misplaced');
    return this.within({ start, size, end: record, count: Number(bytes.readBigUInt64LE(record + RECORD.count)) });
  }

  private within({ start, size, end, count }: { start: number; size: number; end: number; count: number }) {
    if (start + size !== end) this.contradicts(`its directory has ${size} bytes from ${start} on, but ends at ${end}`);
    return { start, end, count };
  }

  /** @param at offset of its record in the directory */
  private entry(at: number, directory: number): ZipEntry {
    const { bytes } = this;
    const name = this.text(this.slice(at + CENTRAL.size, this.u16(at + CENTRAL.nameLength)), 'a name');
    this.checkName(name);
    const [flags, method] = [this.u16(at + CENTRAL.flags), this.u16(at + CENTRAL.method)];
    const [packedSize, size] = [this.u32(at + CENTRAL.packed), this.u32(at + CENTRAL.unpacked)];
    if (flags & ENCRYPTED) this.refuse(name, 'is encrypted');
    if (method !== STORED && method !== DEFLATED) this.refuse(name, `is compressed by method ${method}, expected deflate (8) or none (0)`);
    if (method === STORED && packedSize !== size) this.refuse(name, `is stored, but ${size} bytes occupy ${packedSize}`);
    if (bytes[at + CENTRAL.system] !== UNIX) this.refuse(name, 'has no Unix mode');
    const attributes = this.u32(at + CENTRAL.attributes) >>> 16;
    const type = TYPES[attributes & TYPE];
    if (type === undefined) this.refuse(name, `has mode ${attributes.toString(8)}, expected a file, a link or a directory`);
    if ((type === 'directory') !== name.endsWith('/')) {
      this.refuse(name, `has the mode of a ${type}, but its name ${name.endsWith('/') ? 'ends' : 'does not end'} with a slash`);
    }
    const start = this.start(name, at, directory);
    if (start + packedSize > directory) this.refuse(name, 'exceeds the area of entries');
    this.extents.push({ name, start: this.u32(at + CENTRAL.offset), end: start + packedSize });
    const content = () => this.content(name, method, bytes.subarray(start, start + packedSize), size, this.u32(at + CENTRAL.crc));
    if (type === 'file') return { type, name, mode: attributes & 0o777, size, packedSize, content };
    if (type === 'link') {
      if (size > MOST_PATH) this.refuse(name, `is a link of ${size} bytes, expected at most ${MOST_PATH}`);
      return { type, name, packedSize, target: this.text(content(), `the target of ${printableName(name)}`) };
    }
    if (size > 0) this.refuse(name, 'is a directory with content');
    return { type, name: name.slice(0, -1), packedSize };
  }

  /** Offset of an entry's data. The local header must agree with the directory. */
  private start(name: string, central: number, directory: number): number {
    const at = this.u32(central + CENTRAL.offset);
    if (at + LOCAL.size > directory || this.u32(at) !== LOCAL.signature) this.refuse(name, 'has no local header');
    const start = startOfBytes(this.bytes, at);
    const same16 = (local: number, other: number) => this.u16(at + local) === this.u16(central + other);
    const same32 = (local: number, other: number) => this.u32(at + local) === this.u32(central + other);
    const nameLength = this.u16(at + LOCAL.nameLength);
    const isSame =
      same16(LOCAL.flags, CENTRAL.flags) &&
      same16(LOCAL.method, CENTRAL.method) &&
      same16(LOCAL.nameLength, CENTRAL.nameLength) &&
      this.slice(at + LOCAL.size, nameLength).equals(this.slice(central + CENTRAL.size, nameLength));
    const sizes = [[LOCAL.crc, CENTRAL.crc], [LOCAL.packed, CENTRAL.packed], [LOCAL.unpacked, CENTRAL.unpacked]];
    const isDescribedAfter = (this.u16(at + LOCAL.flags) & DESCRIBED_AFTER) !== 0;
    if (!isSame || !(isDescribedAfter || sizes.every(([local, other]) => same32(local, other)))) {
      this.refuse(name, 'has a local header that contradicts the directory');
    }
    return start;
  }

  private content(name: string, method: number, packed: Buffer, size: number, crc: number): Buffer {
    const content = method === STORED ? packed : this.inflated(name, packed, size);
    if (content.length !== size) this.refuse(name, `has ${content.length} bytes, but ${size} according to the directory`);
    if (crc32(content) !== crc) this.refuse(name, 'is damaged: its checksum does not match');
    return content;
  }

  private inflated(name: string, packed: Buffer, size: number): Buffer {
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
    } catch (error) {
      return this.refuse(
        name,
        (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
          ? `has more than the ${size} bytes stated in the directory`
          : 'is damaged: it cannot be inflated',
      );
    }
  }

  private checkName(name: string): void {
    const wrong = problemOf(name);
    if (wrong !== undefined) this.refuse(name, `${wrong}, expected a path that stays inside the layer`);
  }

  private checkOverlaps(): void {
    const sorted = [...this.extents].sort((a, b) => a.start - b.start);
    for (const [index, { name, start }] of sorted.entries()) {
      if (index > 0 && start < sorted[index - 1].end) this.refuse(name, `shares bytes with ${printableName(sorted[index - 1].name)}`);
    }
  }

  private text(bytes: Buffer, what: string): string {
    try {
      return UTF_8.decode(bytes);
    } catch {
      return this.contradicts(`${what} is not valid UTF-8`);
    }
  }

  private u16(at: number): number {
    return this.bytes.readUInt16LE(at);
  }

  private u32(at: number): number {
    return this.bytes.readUInt32LE(at);
  }

  private slice(at: number, length: number): Buffer {
    return this.bytes.subarray(at, at + length);
  }

  private refuse(name: string, what: string): never {
    throw refusal(this.file, name, what);
  }

  private contradicts(what: string): never {
    throw new ZipError(`${this.file} is damaged: ${what}; copy or build it again`);
  }
}

/** Unpacked size, in bytes. The target of a link counts, because it is inflated as well. */
function sizeOf(entry: ZipEntry): number {
  return entry.type === 'file' ? entry.size : entry.type === 'link' ? entry.target.length : 0;
}
