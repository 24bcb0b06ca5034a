/**
 * Zips that no zip program makes: a test sets every field of every header.
 */
import { crc32, deflateRawSync } from 'zlib';

export interface RawEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** @default - a file of 0644, a directory where the name ends with `/` */
  readonly mode?: number;
  /** @default 8 */
  readonly method?: number;
  readonly flags?: number;
  readonly system?: number;
  readonly crc?: number;
  /** the unpacked size in the headers */
  readonly size?: number;
  /** different fields of the local header */
  readonly local?: { readonly name?: string; readonly size?: number; readonly method?: number };
  /** the index of the entry with these bytes */
  readonly at?: number;
}

export interface RawEnd {
  readonly count?: number;
  readonly comment?: string;
}

export const LINK = 0o120777;

export function rawBytes(entries: readonly RawEntry[], { count, comment = '' }: RawEnd = {}): Buffer {
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  const offsets: number[] = [];
  let length = 0;
  // tests have ten thousands of entries with the same content
  let last = dataOf('');
  for (const entry of entries) {
    const { method = 8, flags = 0x800, system = 3, content = '' } = entry;
    const name = Buffer.from(entry.name);
    const mode = entry.mode ?? (name.toString().endsWith('/') ? 0o40755 : 0o100644);
    if (content !== last.content) last = dataOf(content);
    const packed = method === 0 ? last.bytes : last.deflated();
    const crc = entry.crc ?? last.crc;
    const size = entry.size ?? last.bytes.length;
    const offset = entry.at === undefined ? length : offsets[entry.at];
    offsets.push(offset);
    if (entry.at === undefined) {
      const localName = Buffer.from(entry.local?.name ?? name);
      const header = Buffer.alloc(30);
      header.writeUInt32LE(0x04034b50, 0);
      header.writeUInt16LE(flags, 6);
      header.writeUInt16LE(entry.local?.method ?? method, 8);
      header.writeUInt32LE(crc, 14);
      header.writeUInt32LE(packed.length, 18);
      header.writeUInt32LE(entry.local?.size ?? size, 22);
      header.writeUInt16LE(localName.length, 26);
      parts.push(header, localName, packed);
      length += 30 + localName.length + packed.length;
    }
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header[5] = system;
    header.writeUInt16LE(flags, 8);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(crc, 16);
    header.writeUInt32LE(packed.length, 20);
    header.writeUInt32LE(size, 24);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt32LE((mode << 16) >>> 0, 38);
    header.writeUInt32LE(offset, 42);
    central.push(header, name);
  }
  const directory = Buffer.concat(central);
  const many = entries.length > 0xfffe ? zip64(entries.length, directory.length, length) : Buffer.alloc(0);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count ?? Math.min(entries.length, 0xffff), 8);
  end.writeUInt16LE(count ?? Math.min(entries.length, 0xffff), 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(length, 16);
  end.writeUInt16LE(comment.length, 20);
  return Buffer.concat([...parts, directory, many, end, Buffer.from(comment)]);
}

/** The zip64 record, for more entries than 16 bits can count. */
function zip64(count: number, size: number, start: number): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(44n, 4);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, size],
    [48, start],
    [64, start + size],
  ]) {
    bytes.writeBigUInt64LE(BigInt(value), at);
  }
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}

/** A content as it is in a zip. */
function dataOf(content: string | Buffer) {
  const bytes = Buffer.from(content);
  let deflated: Buffer | undefined;
  return { content, bytes, crc: crc32(bytes), deflated: () => deflated ??= deflateRawSync(bytes) };
}
