/**
 * Edits without moving a byte: new strings are written to padding.
 */
import { DT_STRSZ } from '../dynamic-section';
import { type DynamicParts, moveNewStrings } from './edit-dynamic';
import type { Header } from '../header';
import { PHDR_SIZE } from '../header';
import type { Part } from './part';
import { setValue } from './part';
import type { Segment } from '../program-header';
import { PF_W, PT_LOAD } from '../program-header';
import type { Range } from './read-back';
import { sectionsOf } from '../section-header';

/** The smallest page size of both architectures. The last page of a segment is mapped as a whole, including the padding in it. */
const PAGE_SIZE = 2 ** 12;

/**
 * Edits a file without moving a byte: new strings are written to the padding after the segment that has the string table,
 * and the segment and the table are extended to include the strings. Appended data does not move.
 *
 * @param end see `Image.end`: padding ends there at the latest
 * @returns `undefined` if there is not enough padding, or if the segment cannot be extended
 */
export function editBehindSegment(
  bytes: Buffer,
  header: Header,
  segments: readonly Segment[],
  parts: DynamicParts & { readonly interpreter?: Part },
  end: number,
): { readonly file: Buffer; readonly written: readonly Range[] } | undefined {
  const { section, strings, files, interpreter } = parts;
  const file = Buffer.from(bytes);
  const written: Range[] = [section, strings, ...files, ...(interpreter ? [interpreter] : [])].map(({ place }) => place);
  const added = strings.content.subarray(strings.place.size);
  const index = segments.findIndex(
    ({ type, offset, filesz }) => type === PT_LOAD && offset <= strings.place.offset && strings.place.offset < offset + filesz,
  );
  const { offset, vaddr, filesz, memsz, flags } = segments[index];
  if (added.length > 0) {
    const start = offset + filesz;
    const room = Math.ceil((vaddr + filesz) / PAGE_SIZE) * PAGE_SIZE - (vaddr + filesz);
    const isFree =
      start + added.length <= end &&
      added.length <= room &&
      bytes.subarray(start, start + added.length).every((byte) => byte === 0) &&
      segments.every(
        (other) => other.type !== PT_LOAD || other.vaddr + other.memsz <= vaddr + filesz || other.vaddr >= vaddr + filesz + added.length,
      ) &&
      segments.every((other) => other.offset + other.filesz <= start || other.offset >= start + added.length || other.filesz === 0) &&
      sectionsOf(bytes).every((other) => other.offset + other.size <= start || other.offset >= start + added.length);
    if (!isFree || memsz !== filesz || Math.floor(flags / PF_W) % 2 === 1) return undefined;
    added.copy(file, start);
    written.push({ offset: start, size: added.length });
    const size = BigInt(filesz + added.length);
    file.writeBigUInt64LE(size, header.phoff + index * PHDR_SIZE + 32);
    file.writeBigUInt64LE(size, header.phoff + index * PHDR_SIZE + 40);
    // until here, the offsets of new strings assume that they directly follow the table, but they follow the segment
    const distance = start - strings.place.offset;
    moveNewStrings(parts, distance - strings.place.size);
    setValue(section, DT_STRSZ, distance + added.length);
  }
  for (const part of [section, ...files, interpreter]) {
    if (part) part.content.copy(file.fill(0, part.place.offset, part.place.offset + part.place.size), part.place.offset);
  }
  return { file, written };
}
