/**
 * The headers of a zip: APPNOTE.TXT 6.3, sections 4.3.7, 4.3.12, 4.3.14 to 4.3.16.
 *
 * Sizes and checksums are in the local header, before the bytes, so unpackers can stream. No layer has an entry or an offset that
 * needs more than 32 bits; only the number of entries can exceed 16.
 */

/** An entry whose bytes are known. */
export interface ZippedEntry {
  /** path, in UTF-8; the name of a directory ends with `/` */
  readonly name: Buffer;
  /** file type and permissions of Unix, such as 0o100644 */
  readonly mode: number;
  readonly isDeflated: boolean;
  /** of the unpacked bytes */
  readonly crc32: number;
  readonly size: number;
  readonly packedSize: number;
}

/** 2.0: directories and DEFLATE. */
const NEEDED = 20;
const NEEDED_FOR_ZIP64 = 45;
/** Unix, by version 6.3 of the specification. */
const MADE_BY = (3 << 8) | 63;
const NAME_IS_UTF8 = 1 << 11;
const DEFLATED = 8;
/** 1980-01-01 00:00, the earliest date. It is local time in every time zone. */
const DATE = (1 << 5) | 1;
const MOST_COUNTED = 0xffff;

/** The fields from the version to the sizes, which a local header and a header in the directory have in common. */
function writeCommon(header: Buffer, at: number, { name, isDeflated, crc32, size, packedSize }: ZippedEntry): void {
  header.writeUInt16LE(NEEDED, at);
  header.writeUInt16LE(NAME_IS_UTF8, at + 2);
  header.writeUInt16LE(isDeflated ? DEFLATED : 0, at + 4);
  header.writeUInt16LE(DATE, at + 8);
  header.writeUInt32LE(crc32, at + 10);
  header.writeUInt32LE(packedSize, at + 14);
  header.writeUInt32LE(size, at + 18);
  header.writeUInt16LE(name.length, at + 22);
}

/** The header before the bytes of an entry. */
export function localHeader(entry: ZippedEntry): Buffer {
  const header = Buffer.alloc(30 + entry.name.length);
  header.writeUInt32LE(0x04034b50, 0);
  writeCommon(header, 4, entry);
  entry.name.copy(header, 30);
  return header;
}

/** The header in the directory at the end. */
export function centralHeader(entry: ZippedEntry, offset: number): Buffer {
  const header = Buffer.alloc(46 + entry.name.length);
  header.writeUInt32LE(0x02014b50, 0);
  header.writeUInt16LE(MADE_BY, 4);
  writeCommon(header, 6, entry);
  header.writeUInt32LE((entry.mode << 16) >>> 0, 38);
  header.writeUInt32LE(offset, 42);
  entry.name.copy(header, 46);
  return header;
}

/** What follows the directory. */
export function endOfDirectory(count: number, offset: number, size: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Math.min(count, MOST_COUNTED), 8);
  end.writeUInt16LE(Math.min(count, MOST_COUNTED), 10);
  end.writeUInt32LE(size, 12);
  end.writeUInt32LE(offset, 16);
  if (count < MOST_COUNTED) return end;
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4); // bytes that follow
  record.writeUInt16LE(MADE_BY, 12);
  record.writeUInt16LE(NEEDED_FOR_ZIP64, 14);
  record.writeBigUInt64LE(BigInt(count), 24);
  record.writeBigUInt64LE(BigInt(count), 32);
  record.writeBigUInt64LE(BigInt(size), 40);
  record.writeBigUInt64LE(BigInt(offset), 48);
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50, 0);
  locator.writeBigUInt64LE(BigInt(offset + size), 8);
  locator.writeUInt32LE(1, 16); // number of disks
  return Buffer.concat([record, locator, end]);
}
