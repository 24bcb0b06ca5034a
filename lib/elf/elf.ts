/**
 * Reads the parts of an ELF file that loaders read, and its notes.
 */
import { ByteReader, type Bytes } from './byte-reader';
import { DF_1_PIE, type Dynamic, readDynamic } from './dynamic';
import { type FileType, type Machine, readHeader } from './header';
import { HEADER_SIZE } from './identification';
import { type Note, readNotes } from './note';
import { PF_X, PT_LOAD, readInterpreter, readSegments, type Segment } from './program-header';

/**
 * An ELF file as the loaders see it: read from the program headers. Section headers are never read; a stripped file
 * may have none.
 */
export interface Elf {
  readonly machine: Machine;
  readonly type: FileType;
  /** EI_OSABI: System V is 0, GNU 3. */
  readonly osAbi: number;
  /** In the order of the program headers. */
  readonly segments: readonly Segment[];
  /** PT_INTERP: the path of the loader. Undefined in static programs and in most libraries. */
  readonly interpreter?: string;
  /** Undefined if there is no PT_DYNAMIC. */
  readonly dynamic?: Dynamic;
  readonly notes: readonly Note[];
}

/**
 * Reads a 64-bit little-endian file for x86_64 or aarch64. The result does not refer to `bytes`.
 *
 * @param whole also read `notes` and `dynamic.imports`, which loaders do not need and which take most of the time;
 * both are empty otherwise
 * @throws FormatError for any other file, and for a file that is truncated or contradicts itself
 */
export function readElf(bytes: Bytes, whole = true): Elf {
  const header = readHeader(bytes.subarray(0, HEADER_SIZE));
  const reader = new ByteReader(bytes);
  const segments = readSegments(reader, header);
  return {
    machine: header.machine,
    type: header.type,
    osAbi: header.osAbi,
    segments,
    interpreter: readInterpreter(reader, segments),
    dynamic: readDynamic(reader, segments, whole),
    notes: whole ? readNotes(reader, segments) : [],
  };
}

/**
 * True if the kernel can start the file: an executable at a fixed address, a shared object that names a loader (some libraries do, libc
 * among them), or a position-independent static program. Such a static program has DF_1_PIE or, if UPX wrote it, no dynamic section. A file
 * without a dynamic section cannot be a library, because no loader accepts it.
 */
export function isProgram({ type, interpreter, dynamic, segments }: Elf): boolean {
  if (type !== 'shared') return type === 'executable';
  if (dynamic === undefined) return interpreter !== undefined || segments.some(isCode);
  return interpreter !== undefined || Math.floor(dynamic.flags1 / DF_1_PIE) % 2 === 1;
}

/** True for a segment with code. The segments of a file that has only debug information have program headers, but no bytes in the file. */
function isCode(segment: Segment): boolean {
  return segment.type === PT_LOAD && Math.floor(segment.flags / PF_X) % 2 === 1 && segment.filesz > 0;
}
