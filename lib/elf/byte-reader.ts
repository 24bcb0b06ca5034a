/**
 * Reads numbers and ranges of bytes from a file. A read beyond the end of the file is an error.
 */
import { FormatError, hex } from './format-error';

/** The bytes of a file: a Buffer with all of them, or `FileBytes`, which reads them on access. */
export type Bytes = Pick<Buffer, 'length' | 'readUInt16LE' | 'readUInt32LE' | 'subarray'>;

/**
 * Numbers and ranges of bytes of a little-endian file.
 *
 * Every read is checked: a read beyond the end of the file throws a `FormatError`, whatever offset the file's headers state. So callers
 * need not check the offsets that they read from a file.
 */
export class ByteReader {
  /** The size of the file, in bytes. */
  public readonly length: number;

  constructor(private readonly bytes: Bytes) {
    this.length = bytes.length;
  }

  public u16(offset: number): number {
    return this.bytes.readUInt16LE(this.checked(offset, 2));
  }

  public u32(offset: number): number {
    return this.bytes.readUInt32LE(this.checked(offset, 4));
  }

  /** A 64-bit number. Real files have no offset, size or address above 2^53, so a larger number is an error. */
  public u64(offset: number): number {
    const value = this.u32(offset + 4) * 2 ** 32 + this.u32(offset);
    if (!Number.isSafeInteger(value)) {
      throw new FormatError(`found the number ${hex(value)}, expected one below 2^53`, offset);
    }
    return value;
  }

  /** A view of the file, not a copy. Valid only while the file is read. */
  public view(offset: number, size: number): Buffer {
    this.checked(offset, size);
    return this.bytes.subarray(offset, offset + size);
  }

  private checked(offset: number, size: number): number {
    if (!(Number.isSafeInteger(offset) && Number.isSafeInteger(size) && offset >= 0 && size >= 0 && offset + size <= this.length)) {
      throw new FormatError(`cut off: expected ${size} bytes, but the file ends at ${hex(this.length)}`, offset);
    }
    return offset;
  }
}
