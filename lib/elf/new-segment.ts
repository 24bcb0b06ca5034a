import { FormatError, hex } from './format-error';
import { type Header, PHDR_SIZE } from './header';
import type { Image } from './loaded-image';
import { isGivenUp } from './known-note';
import { type Extent, PT_GNU_PROPERTY, PT_LOAD, PT_NOTE, PT_NULL, PT_PHDR, type Segment, setExtent } from './program-header';

/**
 * Room for what a file has no room for: one more PT_LOAD segment. In the file it follows everything but appended data; see
 * loaded-image.ts. In memory it is above all other segments; programs at a fixed address are better served by prepend.ts.
 *
 * A segment needs a program header. There are three sources of it, from the best to the last:
 */
export type HeaderSource =
  /** The new header replaces the one with that index, which the file runs without. */
  | number
  /** The table grows over the parts behind it, which the caller moves into the new segment. */
  | 'grow'
  /**
   * The table itself moves into the new segment. Such a file runs, but strip and eu-strip would break it, and unless it has a
   * fixed address it grows up to the end of its memory.
   */
  | 'move';

/** `e_phnum` has 16 bits, and the last number is reserved (PN_XNUM). */
const PHNUM_MAX = 2 ** 16 - 2;

/** The smallest page of both machines, in bytes. */
const PAGE_SIZE = 2 ** 12;

/** Where the addresses of a program end on both machines. */
const ADDRESS_END = 2 ** 47;

/** The lowest address that an unprivileged process may map (vm.mmap_min_addr). */
const LEAST_ADDRESS = 2 ** 16;

/** The most bytes of padding in front of a program header table that moves. */
const GAP_MAX = 2 ** 26;

export interface NewSegment {
  readonly file: Buffer;
  /** for each part its place, at a multiple of 8 bytes */
  readonly places: readonly Extent[];
  /** bytes that were inserted in front of appended data, 0 without such */
  readonly shift: number;
  /** bytes that were inserted in front of everything else */
  readonly moved: number;
}

/**
 * Adds a segment of zeros.
 *
 * @param sizes of the parts that it is for, in bytes
 * @param flags its `p_flags`
 * @param source of its program header
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
  const table = segments.map((_, index) => Buffer.from(bytes.subarray(header.phoff + index * PHDR_SIZE, header.phoff + (index + 1) * PHDR_SIZE)));
  const self = segments.findIndex(({ type }) => type === PT_PHDR);
  if (self >= 0) setExtent(table[self], { offset: phoff, vaddr: source === 'move' ? vaddr : segments[self].vaddr, size: count * PHDR_SIZE });
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
 * Finds a program header that can be given up: one without a meaning, or one for notes that no program reads when it runs. The
 * GNU properties (required processor features) have a header of their own, so their PT_NOTE is the first choice.
 */
export function spareHeader(bytes: Buffer, segments: readonly Segment[]): number | undefined {
  const properties = segments.find(({ type }) => type === PT_GNU_PROPERTY);
  const isSpare = (segment: Segment) => segment.type === PT_NOTE && isGivenUp(bytes, segment);
  const candidates = [
    segments.findIndex(({ type }) => type === PT_NULL),
    segments.findIndex((segment) => segment.offset === properties?.offset && segment.filesz === properties.filesz && isSpare(segment)),
    segments.findIndex(isSpare),
  ];
  return candidates.find(index => index >= 0);
}

/**
 * Chooses the segment's offset and address. They are congruent modulo the page size that the file was made for: a kernel may
 * have pages of 64 KiB.
 */
function startOfSegment(imageEnd: number, header: Header, segments: readonly Segment[], source: HeaderSource, size: number) {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const align = loads.reduce((largest, load) => Math.max(largest, load.align), PAGE_SIZE);
  const low = loads.reduce((lowest, { vaddr }) => Math.min(lowest, vaddr), ADDRESS_END);
  const high = loads.reduce((highest, { vaddr, memsz }) => Math.max(highest, vaddr + memsz), 0);
  const end = roundUp(imageEnd, 8);
  if (loads.length === 0 || !Number.isInteger(Math.log2(align)) || 2 * high + 2 * align > ADDRESS_END) {
    throw new FormatError(
      `found ${loads.length} loaded segments up to address ${hex(high)}, aligned to ${hex(align)}, expected room for another below ${hex(ADDRESS_END)}`, header.phoff);
  }
  if (source !== 'move') {
    // As far above the others as those are large: eu-elflint takes a relocation to touch as many bytes as its symbol
    // has, and would say that the last of them modify a read-only segment that follows.
    return { offset: end, vaddr: roundUp(2 * high - low, align) + end % align, align, isLowest: false };
  }
  // Before Linux 5.18, a program is told that its table is as far from its first segment in memory as it is in the file
  // (AT_PHDR in fs/binfmt_elf.c), and the loader believes it. At a fixed address there is room below all others, where the
  // segment with the table is that first one.
  const below = low - roundUp(size, align) - align + end % align;
  if (header.type === 'executable' && below >= LEAST_ADDRESS) return { offset: end, vaddr: below, align, isLowest: true };
  const distance = loads[0].vaddr - loads[0].offset;
  const vaddr = Math.max(roundUp(high, align), end + distance);
  const offset = vaddr - distance;
  if (distance % align !== 0 || offset - end > GAP_MAX) {
    throw new FormatError(
      `found no program header to give up for another segment, and ${hex(offset - end)} bytes from the end of the file to that of its memory, expected at most ${hex(GAP_MAX)}`,
      header.phoff);
  }
  return { offset, vaddr, align, isLowest: false };
}

function roundUp(value: number, align: number): number {
  return Math.ceil(value / align) * align;
}
