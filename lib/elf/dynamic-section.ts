/**
 * The dynamic section of an ELF file, entry by entry.
 */
import type { ByteReader } from './byte-reader';
import { FormatError, hex } from './format-error';
import { type Extent, locate, PT_DYNAMIC, type Segment } from './program-header';
import { StringTable } from './string-table';
import { exceeding, LIMITS } from '../limits';

/**
 * The dynamic section: instructions for the dynamic loader. It is a list of pairs, a tag and a value, terminated by
 * DT_NULL. The tag determines whether the value is a number, an address, or the offset of a string in `.dynstr`.
 */
export class DynamicSection {
  /** Undefined if there is no PT_DYNAMIC. */
  public static find(reader: ByteReader, segments: readonly Segment[]): DynamicSection | undefined {
    const segment = segments.find(({ type }) => type === PT_DYNAMIC);
    if (segment === undefined) return undefined;
    // loaders find the section by its address, not by its offset
    const place = locate(segments, segment.vaddr);
    if (place === undefined || place.size < segment.filesz) {
      throw new FormatError(
        `found a dynamic section at address ${hex(segment.vaddr)}, expected one within a PT_LOAD segment`,
        segment.offset,
      );
    }
    return new DynamicSection(reader, segments, { ...place, size: segment.filesz });
  }

  /** All entries before DT_NULL. */
  public readonly entries: readonly DynamicEntry[];

  /** @param place where the section is: its entries, DT_NULL, and unused space for more entries */
  private constructor(private readonly reader: ByteReader, private readonly segments: readonly Segment[], public readonly place: Extent) {
    const entries: DynamicEntry[] = [];
    for (let at = place.offset; at + DYN_SIZE <= place.offset + place.size; at += DYN_SIZE) {
      // Tags have 64 bits. All defined tags fit into 32, so rounding others is harmless.
      const tag = reader.u32(at + 4) * 2 ** 32 + reader.u32(at);
      if (tag === DT_NULL) break;
      entries.push({ tag, offset: at });
      if (entries.length > LIMITS.dynamicEntries.most) {
        throw new FormatError(exceeding(LIMITS.dynamicEntries, entries.length), place.offset);
      }
    }
    this.entries = entries;
  }

  /** The value of the last entry with the tag: glibc uses the last one (elf/get-dynamic-info.h). */
  public number(tag: number): number | undefined {
    return this.numbers(tag).at(-1);
  }

  /** The values of all entries with the tag. */
  public numbers(tag: number): number[] {
    return this.entries.filter((entry) => entry.tag === tag).map(({ offset }) => this.reader.u64(offset + 8));
  }

  /**
   * The data whose address is in one entry and whose size is in another. Undefined without an address, or if the size is 0.
   * Without a tag for the size, the data extends to the end of its segment.
   */
  public extent(addressTag: number, sizeTag?: number): Extent | undefined {
    const vaddr = this.number(addressTag);
    const size = sizeTag === undefined ? undefined : this.number(sizeTag) ?? 0;
    if (vaddr === undefined || size === 0) return undefined;
    const place = locate(this.segments, vaddr);
    if (place === undefined || place.size < (size ?? 0)) {
      throw new FormatError(
        `found address ${hex(vaddr)} for dynamic tag ${hex(addressTag)}, expected one within a PT_LOAD segment`,
        this.place.offset,
      );
    }
    return { ...place, size: size ?? place.size };
  }

  /** `.dynstr` */
  public strings(): StringTable {
    const extent = this.extent(DT_STRTAB, DT_STRSZ);
    return new StringTable(this.reader, extent?.offset ?? this.place.offset, extent?.size ?? 0);
  }
}

/** An entry. */
export interface DynamicEntry {
  readonly tag: number;
  /** Offset of the entry in the file. The value is 8 bytes after it. */
  readonly offset: number;
}

/** The size of an entry, in bytes. */
export const DYN_SIZE = 16;

export const DT_NULL = 0;
export const DT_NEEDED = 1;
export const DT_PLTRELSZ = 2;
export const DT_PLTGOT = 3;
export const DT_HASH = 4;
export const DT_STRTAB = 5;
export const DT_SYMTAB = 6;
export const DT_RELA = 7;
export const DT_RELASZ = 8;
export const DT_STRSZ = 10;
export const DT_SYMENT = 11;
export const DT_INIT = 12;
export const DT_FINI = 13;
export const DT_SONAME = 14;
export const DT_RPATH = 15;
export const DT_DEBUG = 21;
export const DT_JMPREL = 23;
export const DT_INIT_ARRAY = 25;
export const DT_FINI_ARRAY = 26;
export const DT_RUNPATH = 29;
export const DT_FLAGS = 30;
export const DT_PREINIT_ARRAY = 32;
export const DT_RELR = 36;
export const DT_GNU_HASH = 0x6ffffef5;
export const DT_VERSYM = 0x6ffffff0;
export const DT_FLAGS_1 = 0x6ffffffb;
export const DT_VERDEF = 0x6ffffffc;
export const DT_VERDEFNUM = 0x6ffffffd;
export const DT_VERNEED = 0x6ffffffe;
export const DT_AUXILIARY = 0x7ffffffd;
export const DT_FILTER = 0x7fffffff;
