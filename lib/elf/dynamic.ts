/**
 * The content of the dynamic section of an ELF file, with its offsets and addresses resolved.
 */
import type { ByteReader } from './byte-reader';
import {
  DT_AUXILIARY, DT_FILTER, DT_FLAGS, DT_FLAGS_1, DT_JMPREL, DT_NEEDED, DT_PLTRELSZ, DT_RELA, DT_RELASZ, DT_RPATH, DT_RUNPATH, DT_SONAME,
  DT_STRSZ, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DYN_SIZE, DynamicSection,
} from './dynamic-section';
import type { Segment } from './program-header';
import { readImports } from './symbol';
import { readVersionDefinitions, readVersionNeeds, type VersionNeed } from './symbol-version';

/** Instructions for the dynamic loader: the libraries that a file needs, where to search for them, and the symbols it imports. */
export interface Dynamic {
  /** DT_NEEDED, in file order. */
  readonly needed: readonly string[];
  /** DT_SONAME: the name under which other files need this one. */
  readonly soname?: string;
  /** DT_RPATH: directories separated by `:`, unchanged. */
  readonly rpath?: string;
  /** DT_RUNPATH, in the same format. */
  readonly runpath?: string;
  /** DT_AUXILIARY: libraries that may replace this one's symbols. */
  readonly auxiliary: readonly string[];
  /** DT_FILTER: libraries that must provide this one's symbols. */
  readonly filter: readonly string[];
  /** DT_FLAGS: a sum of DF_ values. */
  readonly flags: number;
  /** DT_FLAGS_1: a sum of DF_1_ values. */
  readonly flags1: number;
  /** DT_VERNEED: the symbol versions that it requires, for each library. */
  readonly versionNeeds: readonly VersionNeed[];
  /** DT_VERDEF: the symbol versions that it defines, including the base definition (its own name). */
  readonly versionDefinitions: readonly string[];
  /** True if there is a DT_VERDEF. If a version is required from a library that defines none, glibc only warns. */
  readonly hasVersionDefinitions: boolean;
  /** The names of the undefined symbols that its code or data refers to. */
  readonly imports: ReadonlySet<string>;
  /** The number of entries that can be added before the section has to move. */
  readonly spareEntries: number;
  /** DT_STRSZ: size of the string table, in bytes. If an edit adds a string, the table may be written a second time, in a new segment. */
  readonly stringBytes: number;
}

/** DT_FLAGS_1: do not search the default directories. */
export const DF_1_NODEFLIB = 0x800;
/** DT_FLAGS_1: a position-independent executable. */
export const DF_1_PIE = 0x8000000;

/**
 * Reads the dynamic section.
 *
 * @param whole whether the imported symbols are read as well
 * @returns `undefined` if there is no PT_DYNAMIC
 */
export function readDynamic(reader: ByteReader, segments: readonly Segment[], whole: boolean): Dynamic | undefined {
  const section = DynamicSection.find(reader, segments);
  if (section === undefined) return undefined;
  const strings = section.strings();
  const names = (tag: number) => section.numbers(tag).map((index) => strings.get(index));
  const verneed = section.extent(DT_VERNEED);
  const verdef = section.extent(DT_VERDEF);
  const symtab = whole ? section.extent(DT_SYMTAB) : undefined;
  const relocations = () =>
    [section.extent(DT_RELA, DT_RELASZ), section.extent(DT_JMPREL, DT_PLTRELSZ)].filter((extent) => extent !== undefined);
  return {
    needed: names(DT_NEEDED),
    soname: names(DT_SONAME).at(-1),
    rpath: names(DT_RPATH).at(-1),
    runpath: names(DT_RUNPATH).at(-1),
    auxiliary: names(DT_AUXILIARY),
    filter: names(DT_FILTER),
    flags: section.number(DT_FLAGS) ?? 0,
    flags1: section.number(DT_FLAGS_1) ?? 0,
    versionNeeds: verneed ? readVersionNeeds(reader, verneed.offset, strings) : [],
    versionDefinitions: verdef ? readVersionDefinitions(reader, verdef.offset, strings) : [],
    hasVersionDefinitions: verdef !== undefined,
    imports: symtab ? readImports(reader, relocations(), symtab.offset, strings) : new Set(),
    spareEntries: Math.floor(section.place.size / DYN_SIZE) - section.entries.length - 1,
    stringBytes: section.number(DT_STRSZ) ?? 0,
  };
}
