import { ByteReader, type Bytes } from './byte-reader';
import { DF_1_PIE, type Dynamic, readDynamic } from './dynamic';
import { type FileType, type Machine, readHeader } from './header';
import { HEADER_SIZE } from './identification';
import { type Note, readNotes } from './note';
import { readInterpreter, readSegments, type Segment } from './program-header';

/**
 * What there is to know of an ELF file to load it: read from the program headers, as the loaders do. Section headers
 * are never looked at; a stripped file need not have any.
 */
export interface Elf {
  readonly machine: Machine;
  readonly type: FileType;
  /** EI_OSABI: System V is 0, GNU 3. */
  readonly osAbi: number;
  /** In the order of the program headers. */
  readonly segments: readonly Segment[];
  /** PT_INTERP: the path of the loader. Undefined in static programs, and in most libraries. */
  readonly interpreter?: string;
  /** Undefined where there is no PT_DYNAMIC. */
  readonly dynamic?: Dynamic;
  readonly notes: readonly Note[];
}

/**
 * Reads a 64-bit little-endian file for x86_64 or aarch64. Nothing of the result refers to `bytes`.
 *
 * @param whole whether to read what serves others than the loader, which is most of the work: `notes` and `dynamic.imports` are empty otherwise
 * @throws FormatError for any other file, and for one that is cut off or contradicts itself
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
 * Whether it can be started: an executable at a fixed address, or a shared object that names a loader (some libraries
 * do, libc among them), or a static program that is position-independent.
 */
export function isProgram(elf: Elf): boolean {
  const pie = Math.floor((elf.dynamic?.flags1 ?? 0) / DF_1_PIE) % 2 === 1;
  return elf.type === 'executable' || (elf.type === 'shared' && (elf.interpreter !== undefined || pie));
}
