/**
 * Symbol versions: the sets of symbols, such as `GLIBC_2.34`, that a library defines (`.gnu.version_d`) and that
 * another object requires (`.gnu.version_r`). Before glibc starts a program, it checks that each required version is
 * defined by the library that it loaded (elf/dl-version.c).
 *
 * Both tables are chains: each entry states the distance to the next one, 0 in the last. Distances are unsigned, so
 * a chain only runs forward, and ends at the end of the file at the latest.
 */
import type { ByteReader } from './byte-reader';
import { FormatError } from './format-error';
import type { StringTable } from './string-table';
import { exceeding, LIMITS } from '../limits';

export interface VersionNeed {
  /** The library, by its name in DT_NEEDED. */
  readonly file: string;
  readonly versions: readonly {
    readonly name: string;
    /** VER_FLG_WEAK: the library may lack it. */
    readonly weak: boolean;
  }[];
}

const VER_FLG_BASE = 1;
const VER_FLG_WEAK = 2;
/**
 * Mask of the version's number in an entry of `.gnu.version`. The highest bit of the entry marks symbols that are found only by references
 * with that version.
 */
export const VERSYM_INDEX = 0x7fff;

/** The entries of DT_VERNEED. */
export function readVersionNeeds(reader: ByteReader, offset: number, strings: StringTable): VersionNeed[] {
  const count = counter(offset);
  return chain(offset, (entry) => {
    checkRevision(reader, entry);
    const versions = chain(entry + reader.u32(entry + 8), (auxiliary) => ({
      value: {
        name: strings.get(reader.u32(auxiliary + 8)),
        weak: Math.floor(reader.u16(auxiliary + 4) / VER_FLG_WEAK) % 2 === 1,
      },
      next: reader.u32(auxiliary + 12),
    }), count);
    return { value: { file: strings.get(reader.u32(entry + 4)), versions }, next: reader.u32(entry + 12) };
  }, count);
}

/** The offset of `vn_file` in each entry of DT_VERNEED. */
export function versionNeedFiles(reader: ByteReader, offset: number): number[] {
  return chain(offset, (entry) => ({ value: entry + 4, next: reader.u32(entry + 12) }), counter(offset));
}

/** The names of DT_VERDEF, including the library's own (the base definition). */
export function readVersionDefinitions(reader: ByteReader, offset: number, strings: StringTable): string[] {
  return chain(offset, (entry) => {
    checkRevision(reader, entry);
    // the first auxiliary entry is the name, the others are the versions that it inherits from
    const auxiliary = entry + reader.u32(entry + 12);
    return { value: strings.get(reader.u32(auxiliary)), next: reader.u32(entry + 16) };
  }, counter(offset));
}

/** A version that a library defines. */
export interface VersionDefinition {
  readonly name: string;
  /** the number by which `.gnu.version` refers to it */
  readonly index: number;
  /** VER_FLG_BASE: the name of the library itself, which is not a version of any symbol */
  readonly isBase: boolean;
  /** VER_FLG_WEAK */
  readonly isWeak: boolean;
  /** the versions that it inherits from */
  readonly parents: readonly string[];
}

/** The entries of the table of DT_VERDEF, in order. */
export function readDefinedVersions(reader: ByteReader, offset: number, strings: StringTable): VersionDefinition[] {
  const count = counter(offset);
  return chain(offset, (entry) => {
    checkRevision(reader, entry);
    const flags = reader.u16(entry + 2);
    const [name, ...parents] = chain(entry + reader.u32(entry + 12), (auxiliary) => ({
      value: strings.get(reader.u32(auxiliary)),
      next: reader.u32(auxiliary + 4),
    }), count);
    const index = reader.u16(entry + 4) & VERSYM_INDEX;
    const value = { name, index, isBase: (flags & VER_FLG_BASE) !== 0, isWeak: (flags & VER_FLG_WEAK) !== 0, parents };
    return { value, next: reader.u32(entry + 16) };
  }, count);
}

/** A version of a symbol that an object refers to. */
export interface RequiredVersion {
  readonly name: string;
  /** the library, as DT_NEEDED names it; undefined for a symbol that the object defines itself */
  readonly file?: string;
}

/** The entries of the table of DT_VERNEED, by the number with which `.gnu.version` refers to them. */
export function readRequiredVersions(reader: ByteReader, offset: number, strings: StringTable): Map<number, RequiredVersion> {
  const count = counter(offset);
  const versions = new Map<number, RequiredVersion>();
  chain(offset, (entry) => {
    checkRevision(reader, entry);
    const file = strings.get(reader.u32(entry + 4));
    chain(entry + reader.u32(entry + 8), (auxiliary) => {
      versions.set(reader.u16(auxiliary + 6) & VERSYM_INDEX, { name: strings.get(reader.u32(auxiliary + 8)), file });
      return { value: undefined, next: reader.u32(auxiliary + 12) };
    }, count);
    return { value: undefined, next: reader.u32(entry + 12) };
  }, count);
  return versions;
}

/** @param count called for each entry read: chains of a table may share entries, so the file's size does not limit how many are read */
function chain<T>(start: number, read: (offset: number) => { value: T; next: number }, count: () => void): T[] {
  const values: T[] = [];
  let distance = 0;
  let offset = start;
  do {
    offset += distance;
    count();
    const { value, next } = read(offset);
    values.push(value);
    distance = next;
  } while (distance !== 0);
  return values;
}

function counter(offset: number): () => void {
  let count = 0;
  return () => {
    if (++count > LIMITS.symbolVersions.most) throw new FormatError(exceeding(LIMITS.symbolVersions, count), offset);
  };
}

function checkRevision(reader: ByteReader, entry: number): void {
  const revision = reader.u16(entry);
  if (revision !== 1) {
    throw new FormatError(`found a version table of revision ${revision}, expected 1`, entry);
  }
}
