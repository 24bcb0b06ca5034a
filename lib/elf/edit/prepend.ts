/**
 * Edits that enlarge the lowest segment downwards, for programs at a fixed address.
 */
import { type Header, PHDR_SIZE } from '../header';
import type { NewSegment } from './new-segment';
import { type Extent, PT_LOAD, PT_NULL, PT_PHDR, type Segment, setExtent } from '../program-header';
import { shiftSections } from '../section-header';

/** The largest page size of both architectures, in bytes. Larger alignments have no effect at a fixed address. */
const LARGEST_PAGE = 2 ** 16;
const PAGE_SIZE = 2 ** 12;

/** The lowest address that an unprivileged process may map (vm.mmap_min_addr). */
const LEAST_ADDRESS = 2 ** 16;

/**
 * Makes room before a program at a fixed address: its lowest segment grows downwards, and as many bytes are inserted at
 * the beginning of the file.
 *
 * A segment above the others would move the start of the heap (`brk`). Programs that are saved with their heap (Maxima, older Emacs)
 * rely on its address. A separate segment below the others would break programs on kernels before 5.18, which assume that the distance
 * of the program headers from the first segment is the same in memory and in the file (AT_PHDR in fs/binfmt_elf.c).
 *
 * @returns `undefined` if the file has no fixed address, no room below it, or a lowest segment that does not begin with the headers
 */
export function prepend(bytes: Buffer, header: Header, segments: readonly Segment[], sizes: readonly number[]): NewSegment | undefined {
  const loads = segments.filter(({ type }) => type === PT_LOAD);
  const lowest = segments.find(({ type }) => type === PT_LOAD);
  const tableEnd = header.phoff + segments.length * PHDR_SIZE;
  if (header.type !== 'executable' || lowest === undefined || lowest.offset !== 0 || lowest.filesz < tableEnd) return undefined;
  if (loads.some(({ vaddr }) => vaddr < lowest.vaddr)) return undefined;

  const page = Math.min(loads.reduce((largest, { align }) => Math.max(largest, align), PAGE_SIZE), LARGEST_PAGE);
  const starts: number[] = [];
  let end = tableEnd;
  for (const size of sizes) {
    starts.push(end = Math.ceil(end / 8) * 8);
    end += size;
  }
  const shift = Math.ceil(end / page) * page;
  const vaddr = lowest.vaddr - shift;
  if (lowest.vaddr % page !== 0 || vaddr < LEAST_ADDRESS) return undefined;

  const file = Buffer.alloc(bytes.length + shift);
  bytes.copy(file, shift);
  bytes.copy(file, 0, 0, tableEnd);
  for (const [index, segment] of segments.entries()) {
    const at = file.subarray(header.phoff + index * PHDR_SIZE, header.phoff + (index + 1) * PHDR_SIZE);
    if (segment === lowest) {
      setExtent(at, { offset: 0, vaddr, size: segment.filesz + shift });
      at.writeBigUInt64LE(BigInt(segment.memsz + shift), 40);
    } else if (segment.type === PT_PHDR) {
      at.writeBigUInt64LE(BigInt(vaddr + header.phoff), 16);
      at.writeBigUInt64LE(BigInt(vaddr + header.phoff), 24);
    } else if (segment.type !== PT_NULL && (segment.offset > 0 || segment.filesz > 0)) {
      at.writeBigUInt64LE(BigInt(segment.offset + shift), 8);
    }
    if (segment.type === PT_LOAD && segment.align > page) at.writeBigUInt64LE(BigInt(page), 48);
  }
  shiftSections(file, shift);
  const places = starts.map((start, index): Extent => ({ offset: start, vaddr: vaddr + start, size: sizes[index] }));
  return { file, places, shift, moved: shift };
}
