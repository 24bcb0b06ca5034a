/**
 * Program headers, which describe the segments of an ELF file.
 */
import type { ByteReader } from './byte-reader';
import { FormatError, hex } from './format-error';
import { type Header, PHDR_SIZE } from './header';

/**
 * A segment: a part of the file that a program header describes.
 *
 * PT_LOAD segments are mapped into memory; segments of other types are ranges inside them. The dynamic section uses
 * addresses in memory, which the PT_LOAD segments translate into offsets in the file.
 */
export interface Segment {
  /** `p_type`: one of the PT_ numbers. */
  readonly type: number;
  /** `p_flags`: the sum of 4 (read), 2 (write) and 1 (execute). */
  readonly flags: number;
  /** Start in the file, in bytes. */
  readonly offset: number;
  /** Start in memory: an address, or in a shared object the distance from its load address. */
  readonly vaddr: number;
  /** Its size in the file, in bytes. */
  readonly filesz: number;
  /** Its size in memory, in bytes. Bytes beyond `filesz` are zero (`.bss`). */
  readonly memsz: number;
  /** A power of two. `offset` and `vaddr` have the same remainder when divided by it. */
  readonly align: number;
}

/** Offset in the file, address in memory, and size in bytes of something that is loaded. */
export interface Extent {
  readonly offset: number;
  readonly vaddr: number;
  readonly size: number;
}

export const PT_NULL = 0;
export const PT_LOAD = 1;
export const PT_DYNAMIC = 2;
export const PT_INTERP = 3;
export const PT_NOTE = 4;
/** The program header table itself. */
export const PT_PHDR = 6;
/** A `.note.gnu.property`, which a PT_NOTE describes as well. Loaders look at this header first. */
export const PT_GNU_PROPERTY = 0x6474e553;

/** `p_flags` */
export const PF_X = 1;
export const PF_W = 2;
export const PF_R = 4;

/** Maximum length of a path, including NUL (PATH_MAX in linux/limits.h). */
const PATH_MAX = 4096;

export function readSegments(reader: ByteReader, header: Header): Segment[] {
  const segments: Segment[] = [];
  for (let index = 0; index < header.phnum; index++) {
    segments.push(readSegment(reader, header.phoff + index * PHDR_SIZE));
  }
  return segments;
}

function readSegment(reader: ByteReader, at: number): Segment {
  const segment = {
    type: reader.u32(at),
    flags: reader.u32(at + 4),
    offset: reader.u64(at + 8),
    vaddr: reader.u64(at + 16),
    filesz: reader.u64(at + 32),
    memsz: reader.u64(at + 40),
    align: reader.u64(at + 48),
  };
  if (segment.type === PT_LOAD && segment.offset + segment.filesz > reader.length) {
    throw new FormatError(
      `cut off: a segment reaches to ${hex(segment.offset + segment.filesz)}, but the file ends at ${hex(reader.length)}`, at);
  }
  if (segment.type === PT_LOAD && segment.filesz > segment.memsz) {
    throw new FormatError(
      `found a segment of ${segment.filesz} bytes in the file, expected at most its ${segment.memsz} bytes in memory`,
      at,
    );
  }
  return segment;
}

/**
 * The loaded segments, in the order of the program headers. Linkers never let segments overlap, so their sizes add up to at
 * most the size of the file. A segment that would make the sum larger is dropped.
 */
export function loadedFrom(segments: readonly Segment[], length: number): Segment[] {
  let left = length;
  return segments.filter(({ type, filesz }) => {
    if (type !== PT_LOAD || filesz > left) return false;
    left -= filesz;
    return true;
  });
}

/**
 * The extent from an address to the end of its segment.
 * Undefined if no PT_LOAD segment fills the address from the file.
 */
export function locate(segments: readonly Segment[], vaddr: number): Extent | undefined {
  const segment = segments.find(({ type, vaddr: start, filesz }) => type === PT_LOAD && start <= vaddr && vaddr < start + filesz);
  return segment && { offset: segment.offset + vaddr - segment.vaddr, vaddr, size: segment.vaddr + segment.filesz - vaddr };
}

/** Writes the place of a segment into its program header. */
export function setExtent(header: Buffer, { offset, vaddr, size }: Extent): void {
  header.writeBigUInt64LE(BigInt(offset), 8);
  header.writeBigUInt64LE(BigInt(vaddr), 16);
  header.writeBigUInt64LE(BigInt(vaddr), 24); // p_paddr has no meaning here and by custom equals p_vaddr
  header.writeBigUInt64LE(BigInt(size), 32);
  header.writeBigUInt64LE(BigInt(size), 40);
}

/**
 * The path of the loader. The kernel reads it at its offset and requires a NUL as the last byte (fs/binfmt_elf.c);
 * an earlier NUL shortens the path.
 */
export function readInterpreter(reader: ByteReader, segments: readonly Segment[]): string | undefined {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  if (segment === undefined) return undefined;
  const { offset, filesz } = segment;
  if (filesz < 2 || filesz > PATH_MAX) {
    throw new FormatError(`found an interpreter of ${filesz} bytes, expected 2 to ${PATH_MAX}`, offset);
  }
  const bytes = reader.view(offset, filesz);
  if (bytes[filesz - 1] !== 0) {
    throw new FormatError('found an interpreter that does not end with a NUL, expected one', offset + filesz - 1);
  }
  return bytes.toString('utf8', 0, bytes.indexOf(0));
}
