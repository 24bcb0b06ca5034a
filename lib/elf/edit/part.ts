/**
 * The parts of an ELF file that can be moved.
 */
import type { ByteReader } from '../byte-reader';
import {
  DT_FINI, DT_FINI_ARRAY, DT_GNU_HASH, DT_HASH, DT_INIT, DT_INIT_ARRAY, DT_JMPREL, DT_NULL, DT_PLTGOT, DT_PREINIT_ARRAY, DT_RELA, DT_RELR,
  DT_STRSZ, DT_STRTAB, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM, DYN_SIZE, type DynamicSection,
} from '../dynamic-section';
import { type Header, PHDR_SIZE } from '../header';
import { type Extent, PT_DYNAMIC, PT_INTERP, type Segment } from '../program-header';

/**
 * A part of a file that can be moved, because only a program header or a dynamic entry points to it. Code and data contain each
 * other's addresses, so they cannot be moved.
 */
export interface Part {
  readonly place: Extent;
  /** Its content, before or after an edit. */
  content: Buffer;
  /** The type of the program header that points to it, if any. */
  readonly segmentType?: number;
  /** The tag of the dynamic entry that points to it, if any. */
  readonly tag?: number;
}

/** The tables that linkers place directly after the program headers and the interpreter. */
const TABLES = [DT_HASH, DT_GNU_HASH, DT_SYMTAB, DT_VERSYM];

/** Tags of dynamic entries whose values are addresses. */
export const ADDRESSES = [
  ...TABLES, DT_STRTAB, DT_VERNEED, DT_VERDEF, DT_RELA, DT_RELR, DT_JMPREL, DT_PLTGOT,
  DT_INIT, DT_FINI, DT_PREINIT_ARRAY, DT_INIT_ARRAY, DT_FINI_ARRAY,
];

/** Maximum alignment padding that linkers insert before a part, in bytes. */
const PADDING_MAX = 15;

export function interpreterPart(reader: ByteReader, segments: readonly Segment[]): Part | undefined {
  const segment = segments.find(({ type }) => type === PT_INTERP);
  return segment && part(reader, { offset: segment.offset, vaddr: segment.vaddr, size: segment.filesz }, { segmentType: PT_INTERP });
}

export function dynamicPart(reader: ByteReader, dynamic: DynamicSection): Part {
  return part(reader, dynamic.place, { segmentType: PT_DYNAMIC });
}

/** `.dynstr`. Undefined if there is none. */
export function stringsPart(reader: ByteReader, dynamic: DynamicSection): Part | undefined {
  const extent = dynamic.extent(DT_STRTAB, DT_STRSZ);
  return extent && part(reader, extent, { tag: DT_STRTAB });
}

/**
 * The tables of symbols. The file does not state their sizes, so each is taken to extend to the next structure: a few bytes too many
 * are harmless.
 */
export function tableParts(reader: ByteReader, segments: readonly Segment[], dynamic: DynamicSection): Part[] {
  const starts = [...ADDRESSES.map((tag) => dynamic.number(tag) ?? 0), ...segments.map(({ vaddr }) => vaddr)];
  return TABLES.flatMap((tag) => {
    const extent = dynamic.extent(tag);
    if (extent === undefined) return [];
    const end = starts.filter((start) => start > extent.vaddr).reduce((least, start) => Math.min(least, start), extent.vaddr + extent.size);
    return [part(reader, { ...extent, size: end - extent.vaddr }, { tag })];
  });
}

/**
 * The parts that an additional program header at the end of the table would overwrite. Undefined if it would overwrite anything else.
 */
export function partsAfterHeaders(reader: ByteReader, header: Header, parts: readonly Part[]): Part[] | undefined {
  const start = header.phoff + header.phnum * PHDR_SIZE;
  const overwritten = parts
    .filter(({ place }) => place.offset < start + PHDR_SIZE && place.offset + place.size > start)
    .sort((a, b) => a.place.offset - b.place.offset);
  let end = start;
  for (const { place } of overwritten) {
    const padding = place.offset - end;
    if (padding < 0 || padding > PADDING_MAX || reader.view(end, padding).some((byte) => byte !== 0)) return undefined;
    end = place.offset + place.size;
  }
  return end >= start + PHDR_SIZE ? overwritten : undefined;
}

function part(reader: ByteReader, place: Extent, pointer: Pick<Part, 'segmentType' | 'tag'>): Part {
  return { place, content: Buffer.from(reader.view(place.offset, place.size)), ...pointer };
}

/** An entry of a dynamic section. */
export function pair(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(DYN_SIZE);
  bytes.writeBigUInt64LE(BigInt(tag), 0);
  bytes.writeBigUInt64LE(BigInt(value), 8);
  return bytes;
}

/** Sets the value of each entry with the tag. */
export function setValue(section: Part, tag: number, value: number): void {
  for (let at = 0; at + DYN_SIZE <= section.content.length; at += DYN_SIZE) {
    const entry = section.content.readBigUInt64LE(at);
    if (entry === BigInt(DT_NULL)) break;
    if (entry === BigInt(tag)) pair(tag, value).copy(section.content, at);
  }
}
