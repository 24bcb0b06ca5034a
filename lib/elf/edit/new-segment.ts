/**
 * Edits that add a segment to an ELF file, for parts that have become too long for their old places.
 */
import { FormatError, hex } from '../format-error';
import { type Header, PHDR_SIZE } from '../header';
import { hasOnlyKnownNotes } from './known-note';
import type { Image } from '../loaded-image';
import { type Extent, PT_GNU_PROPERTY, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR, type Segment, setExtent } from '../program-header';

/**
 * Adds a PT_LOAD segment for parts that became too long. In the file, it is behind everything except appended data (see
 * loaded-image.ts). In memory, it is above all other segments, or below them if the program header table moves, the file has a fixed
 * address, and there is room. For programs at a fixed address, the edit in prepend.ts is better, for the reasons stated there.
 *
 * A segment needs an entry in the program header table, from one of three sources, best first:
 */
export type HeaderSource =
  /** The new header replaces the header with this index, which is not needed at run time. */
  | number
  /** The table grows over the parts behind it. The caller moves these into the new segment. */
  | 'grow'
  /**
   * The table moves into the new segment. The file runs, but strip and eu-strip would damage it. Unless the new segment is below all
   * others, the file also grows to the size that it has in memory.
   */
  | 'move';

/** `e_phnum` has 16 bits, and the largest number is reserved (PN_XNUM). */
const PHNUM_MAX = 2 ** 16 - 2;

/** The smallest page size of both architectures, in bytes. */
const PAGE_SIZE = 2 ** 12;

/** The end of the address space of a program on both architectures. */
const ADDRESS_END = 2 ** 47;

/** The lowest address that an unprivileged process may map (vm.mmap_min_addr). */
const LEAST_ADDRESS = 2 ** 16;

/** Maximum padding before a program header table that moves, in bytes. */
const GAP_MAX = 2 ** 26;

export interface NewSegment {
  readonly file: Buffer;
  /** the place of each part, aligned to 8 bytes */
  readonly places: readonly Extent[];
  /** number of bytes inserted before appended data, 0 if the file has none */
  readonly shift: number;
  /** number of bytes inserted at the beginning of the file */
  readonly moved: number;
}

/**
 * Adds a segment filled with zeros.
 *
 * @param sizes sizes of the parts that go into the segment, in bytes
 * @param flags `p_flags` of the segment
 * @param source where the new program header comes from
 */
export function addSegment(
  bytes: Buffer, header: Header, segments: readonly Segment[], image: Image, sizes: readonly number[], flags: number, source: HeaderSource,
): NewSegment {
  const count = typeof source === 'number' ? segments.length : segments.length + 1;
  if (count > PHNUM_MAX) {
    throw new FormatError(`found ${segments.length} program headers, expected fewer than ${PHNUM_MAX}`, header.phoff);
  }
  const starts: number[] = [];
  let size = source === 'move' ? count * PHDR_SIZE : 0;
  for (const part of sizes) {
    starts.push(size = roundUp(size, 8));
    size += part;
  }
  const { offset, vaddr, align, isLowest } = startOfSegment(image.end, header, segments, source, size);
  const places = starts.map((start, index) => ({ offset: offset + start, vaddr: vaddr + start, size: sizes[index] }));

  const phoff = source === 'move' ? offset : header.phoff;
  const table = segments.map((_, index) =>
    Buffer.from(bytes.subarray(header.phoff + index * PHDR_SIZE, header.phoff + (index + 1) * PHDR_SIZE)),
  );
  const self = segments.findIndex(({ type }) => type === PT_PHDR);
  if (self >= 0) {
    setExtent(table[self], { offset: phoff, vaddr: source === 'move' ? vaddr : segments[self].vaddr, size: count * PHDR_SIZE });
  }
  const load = Buffer.alloc(PHDR_SIZE);
  load.writeUInt32LE(PT_LOAD, 0);
  load.writeUInt32LE(flags, 4);
  setExtent(load, { offset, vaddr, size });
  load.writeBigUInt64LE(BigInt(align), 48);

  // PT_LOAD headers are in ascending order of their addresses
  const types = segments.map(({ type }) => type);
  const index = isLowest ? types.indexOf(PT_LOAD) : types.lastIndexOf(PT_LOAD) + 1;
  table.splice(index, 0, load);
  if (typeof source === 'number') table.splice(source >= index ? source + 1 : source, 1);
  const { file, shift } = image.grow(bytes, offset + size);
  file.writeBigUInt64LE(BigInt(phoff), 32);
  file.writeUInt16LE(count, 56);
  Buffer.concat(table).copy(file, phoff);
  return { file, places, shift, moved: 0 };
}

/**
 * Finds a program header that can be replaced: one without a meaning, or else one for notes that are not read at run time. Among these,
 * the PT_NOTE of GNU properties (required processor features) is the first choice, because a PT_GNU_PROPERTY describes them, too.
 */
export function spareHeader(bytes: Buffer, segments: readonly Segment[]): number | undefined {
  const properties = segments.find(({ type }) => type === PT_GNU_PROPERTY);
  const isSpare = (segment: Segment) => segment.type === PT_NOTE && hasOnlyKnownNotes(bytes, segment);
  const candidates = [
    segments.findIndex(({ type }) => type === PT_NULL),
    segments.findIndex((segment) => segment.offset === properties?.offset && segment.filesz === properties.filesz && isSpare(segment)),
    segments.findIndex(isSpare),
  ];
  return candidates.find((index) => index >= 0);
}

/**
 * Chooses the segment's offset and address. They are congruent modulo the page size that the file was linked for, because a
 * kernel may have pages of 64 KiB.
 */
function startOfSegment(imageEnd: number, header: Header, segments: readonly Segment[], source: HeaderSource, size: number) {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const align = loads.reduce((largest, load) => Math.max(largest, load.align), PAGE_SIZE);
  const low = loads.reduce((lowest, { vaddr }) => Math.min(lowest, vaddr), ADDRESS_END);
  const high = loads.reduce((highest, { vaddr, memsz }) => Math.max(highest, vaddr + memsz), 0);
  const end = roundUp(imageEnd, 8);
  if (loads.length === 0 || !Number.isInteger(Math.log2(align)) || 2 * high + 2 * align > ADDRESS_END) {
    throw new FormatError(
      `found ${loads.length} segments, aligned to ${hex(align)}, up to address ${hex(high)}, expected room below ${hex(ADDRESS_END)}`,
      header.phoff,
    );
  }
  if (source !== 'move') {
    // The gap below the segment is as large as all other segments together. eu-elflint assumes that a relocation covers as many bytes as
    // its symbol has. Without the gap, it would report that relocations of the last symbols modify the new segment, which may be read-only.
    return { offset: end, vaddr: roundUp(2 * high - low, align) + end % align, align, isLowest: false };
  }
  // Kernels before 5.18 assume that the distance between the table and the first segment is the same in memory and in the file
  // (AT_PHDR in fs/binfmt_elf.c), and the loader relies on AT_PHDR. A file with a fixed address may have room below all other segments,
  // so that the segment with the table becomes the first one.
  const below = low - roundUp(size, align) - align + end % align;
  if (header.type === 'executable' && below >= LEAST_ADDRESS) return { offset: end, vaddr: below, align, isLowest: true };
  const distance = loads[0].vaddr - loads[0].offset;
  const vaddr = Math.max(roundUp(high, align), end + distance);
  const offset = vaddr - distance;
  if (distance % align !== 0) {
    throw new FormatError(
      `found no program header to replace, and the first segment ${hex(distance)} above its offset, expected a multiple of ${hex(align)}`,
      header.phoff,
    );
  }
  if (offset - end > GAP_MAX) {
    throw new FormatError(
      `found no program header to replace, and ${hex(offset - end)} bytes of memory beyond the file, expected at most ${hex(GAP_MAX)}`,
      header.phoff,
    );
  }
  return { offset, vaddr, align, isLowest: false };
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
