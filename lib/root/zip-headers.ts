/**
 * The headers of a zip (PKWARE APPNOTE.TXT 4.3), as offsets of their fields in bytes. All numbers are little-endian.
 */

/** The local header, before the bytes of an entry. */
export const LOCAL = {
  signature: 0x04034b50, size: 30, flags: 6, method: 8, crc: 14, packed: 18, unpacked: 22, nameLength: 26, extraLength: 28,
};
/** The header of an entry in the central directory. */
export const CENTRAL = {
  signature: 0x02014b50,
  size: 46,
  system: 5,
  flags: 8,
  method: 10,
  crc: 16,
  packed: 20,
  unpacked: 24,
  nameLength: 28,
  extraLength: 30,
  commentLength: 32,
  attributes: 38,
  offset: 42,
};
/** The record at the end of a zip, before the zip's comment. It states where the central directory is. */
export const END = { signature: 0x06054b50, size: 22, count: 10, directorySize: 12, directory: 16, commentLength: 20, mostComment: 0xffff };

/** Compression methods. */
export const STORED = 0;
export const DEFLATED = 8;

/** The offset after an entry's header in the central directory. */
export function endOfCentral(bytes: Buffer, at: number): number {
  const lengths = [CENTRAL.nameLength, CENTRAL.extraLength, CENTRAL.commentLength].map((field) => bytes.readUInt16LE(at + field));
  return lengths.reduce((sum, length) => sum + length, at + CENTRAL.size);
}

/** The offset of an entry's bytes, from the offset of its local header. */
export function startOfBytes(bytes: Buffer, local: number): number {
  return local + LOCAL.size + bytes.readUInt16LE(local + LOCAL.nameLength) + bytes.readUInt16LE(local + LOCAL.extraLength);
}
