/**
 * The format in which a layer stores files compressed. launcher/launcher.c unpacks it in the function.
 *
 * A file is split into chunks, so that several processors can unpack one large file. The chunks are compressed with deflate (RFC 1951),
 * which Node.js 20 has and 200 lines of C can unpack. zstd at level 19 would take a fifth less space, but Node.js 20 lacks it. All numbers
 * are little-endian.
 *
 *   0  8 bytes  `elfpack1`
 *   8  u32      CRC-32 of everything from the next field up to the data
 *  12  u32      permission bits
 *  16  u32      size of the content of each chunk except the last one
 *  20  u32      number of chunks
 *  24  u64      size of the file
 *  32  for each chunk: u32 compressed size, u32 CRC-32 of the content
 *      the chunks
 */
import { crc32, deflateRawSync, inflateRawSync } from 'zlib';
import { LayerError } from '../error';

const MAGIC = 'elfpack1';
const HEADER = { crc: 8, checked: 12, mode: 12, chunkSize: 16, chunkCount: 20, size: 24, length: 32 };
const CHUNK = { size: 0, crc: 4, length: 8 };
/** Size of a chunk's content, in bytes. Deflate refers back at most 32 KB, so larger chunks would hardly compress better. */
const CHUNK_SIZE = 1024 * 1024;
/** Compression level of zlib. For chromium, level 9 would save 0.1 % of the bytes and take 1.4 times as long. */
const LEVEL = 6;

/** A compressed file that is damaged. */
export class CompressedFileError extends LayerError {}

export interface UnpackedFile {
  readonly content: Buffer;
  readonly mode: number;
}

/** @returns the compressed file */
export function compress({ content, mode }: UnpackedFile): Buffer {
  const chunkCount = Math.ceil(content.length / CHUNK_SIZE);
  const header = Buffer.alloc(HEADER.length + chunkCount * CHUNK.length);
  header.write(MAGIC, 'latin1');
  header.writeUInt32LE(mode, HEADER.mode);
  header.writeUInt32LE(CHUNK_SIZE, HEADER.chunkSize);
  header.writeUInt32LE(chunkCount, HEADER.chunkCount);
  header.writeBigUInt64LE(BigInt(content.length), HEADER.size);
  const chunks = [];
  for (let index = 0; index < chunkCount; index++) {
    const chunk = content.subarray(index * CHUNK_SIZE, (index + 1) * CHUNK_SIZE);
    const packed = deflateRawSync(chunk, { level: LEVEL });
    const at = HEADER.length + index * CHUNK.length;
    header.writeUInt32LE(packed.length, at + CHUNK.size);
    header.writeUInt32LE(crc32(chunk), at + CHUNK.crc);
    chunks.push(packed);
  }
  header.writeUInt32LE(crc32(header.subarray(HEADER.checked)), HEADER.crc);
  return Buffer.concat([header, ...chunks]);
}

/** The size and the permission bits that a compressed file states for its content. `decompress` checks whether the size is true. */
export function describeCompressed(bytes: Buffer, most: number): { readonly size: number; readonly mode: number } {
  const { size, mode } = readHeader(bytes, most);
  return { size, mode };
}

/**
 * @param bytes a compressed file, which is not trusted
 * @param most maximum size of the content, in bytes
 * @throws CompressedFileError
 */
export function decompress(bytes: Buffer, most: number): UnpackedFile {
  const sizes = readHeader(bytes, most);
  const content = Buffer.alloc(sizes.size);
  let from = HEADER.length + sizes.chunkCount * CHUNK.length;
  for (let index = 0; index < sizes.chunkCount; index++) {
    const at = HEADER.length + index * CHUNK.length;
    const packed = bytes.subarray(from, (from += bytes.readUInt32LE(at + CHUNK.size)));
    const start = index * sizes.chunkSize;
    const chunk = inflated(packed, Math.min(sizes.chunkSize, sizes.size - start), index);
    if (crc32(chunk) !== bytes.readUInt32LE(at + CHUNK.crc)) throw damaged(`the checksum of chunk ${index} does not match`);
    chunk.copy(content, start);
  }
  if (from !== bytes.length) throw damaged(`its chunks end at ${from}, and it has ${bytes.length} bytes`);
  return { content, mode: sizes.mode };
}

function readHeader(bytes: Buffer, most: number): { mode: number; chunkSize: number; chunkCount: number; size: number } {
  if (bytes.length < HEADER.length || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC) throw damaged('found no header');
  const [mode, chunkSize, chunkCount] = [HEADER.mode, HEADER.chunkSize, HEADER.chunkCount].map((field) => bytes.readUInt32LE(field));
  const size = Number(bytes.readBigUInt64LE(HEADER.size));
  const end = HEADER.length + chunkCount * CHUNK.length;
  if (size > most) throw damaged(`its content has ${size} bytes, expected at most ${most}`);
  if (chunkSize === 0 || chunkCount !== Math.ceil(size / chunkSize) || end > bytes.length) {
    throw damaged(`${chunkCount} chunks of ${chunkSize} bytes do not add up to ${size} bytes`);
  }
  const isDamaged = crc32(bytes.subarray(HEADER.checked, end)) !== bytes.readUInt32LE(HEADER.crc);
  if (isDamaged) throw damaged('the checksum of its header does not match');
  return { mode: mode & 0o777, chunkSize, chunkCount, size };
}

function inflated(packed: Buffer, size: number, index: number): Buffer {
  let content: Buffer | undefined;
  try {
    content = inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
  } catch {
    // reported below
  }
  if (content?.length !== size) throw damaged(`chunk ${index} is not ${size} bytes`);
  return content;
}

function damaged(problem: string): CompressedFileError {
  return new CompressedFileError(`a compressed file is damaged: ${problem}`);
}
