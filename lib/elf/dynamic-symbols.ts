/**
 * The dynamic symbols of an ELF file, as the loaders see them: its exports and its imports.
 */
import type { Bytes } from './byte-reader';
import { ByteReader } from './byte-reader';
import { DT_FLAGS_1, DT_SONAME, DT_SYMTAB, DT_VERDEF, DT_VERNEED, DT_VERSYM, DynamicSection } from './dynamic-section';
import { FormatError } from './format-error';
import type { Machine } from './header';
import { readHeader } from './header';
import { HEADER_SIZE } from './identification';
import type { Segment } from './program-header';
import { PF_X, PT_LOAD, readSegments } from './program-header';
import type { Reference } from './relocation';
import { readRelocations } from './relocation';
import { readHashTable } from './symbol-hash';
import type { RequiredVersion, VersionDefinition } from './symbol-version';
import { readDefinedVersions, readRequiredVersions, VERSYM_INDEX } from './symbol-version';
import { exceeding, LIMITS } from '../limits';

/** The dynamic symbols of a file, as the loaders see them: its exports and its imports. */
export interface DynamicSymbols {
  readonly machine: Machine;
  /** DT_SONAME */
  readonly soname?: string;
  /** DT_FLAGS_1: a sum of DF_1_ values. */
  readonly flags1: number;
  /** DT_VERDEF, in order. */
  readonly versions: readonly VersionDefinition[];
  /** Definitions that the loader finds by name; a name has several if it has several versions. */
  readonly exports: ReadonlyMap<string, readonly ExportedSymbol[]>;
  /**
   * Symbols that relocations refer to and that another object may define, even if this file defines them, too. Symbols that no
   * relocation refers to are absent: the loader never looks for them.
   */
  readonly imports: readonly ImportedSymbol[];
}

/** `notype`: a definition from assembly or from a linker script, or an import: most imports have no type. */
export type SymbolType = 'notype' | 'object' | 'function' | 'common' | 'tls' | 'ifunc' | 'other';

export interface ExportedSymbol {
  readonly name: string;
  /** undefined if it has no version, or the base version */
  readonly version?: VersionDefinition;
  /** true for a version that only objects linked with it find (`name@VERSION`), false for the default (`name@@VERSION`) */
  readonly isHidden: boolean;
  readonly type: SymbolType;
  readonly binding: 'global' | 'weak' | 'unique';
  /** in bytes */
  readonly size: number;
  /** whether it is certainly a function */
  readonly isFunction: boolean;
}

export interface ImportedSymbol {
  readonly name: string;
  /** undefined if any library's default version will do */
  readonly version?: RequiredVersion;
  /** whether it may be absent */
  readonly isWeak: boolean;
  /** whether the file has its own definition, which is used if no object before it in the search order has one */
  readonly isDefined: boolean;
  /**
   * whether that definition is weak or unique. C++ compilers emit such definitions of inline functions, instances of templates,
   * virtual tables and type information in every object that uses them: all definitions with the same name are equal
   */
  readonly isShared: boolean;
  /** how the relocations use it */
  readonly references: readonly Reference[];
}

const SYMBOL_SIZE = 24;
const SHN_UNDEF = 0;
const SHN_ABS = 0xfff1;
/** by STT_ number */
const TYPES: Readonly<Record<number, SymbolType>> = { 0: 'notype', 1: 'object', 2: 'function', 5: 'common', 6: 'tls', 10: 'ifunc' };
const BINDINGS: Readonly<Record<number, ExportedSymbol['binding']>> = { 1: 'global', 2: 'weak', 10: 'unique' };
const STV_DEFAULT = 0;
const STV_PROTECTED = 3;
const HIDDEN_VERSION = 0x8000;
/** stands for bytes that are not UTF-8 */
const REPLACEMENT = '\ufffd';

/**
 * Reads the dynamic symbols of a 64-bit little-endian file. The result does not refer to `bytes`.
 *
 * @returns no symbols for a file without a dynamic section
 * @throws FormatError for a file that is cut off or contradicts itself
 */
export function readSymbols(bytes: Bytes): DynamicSymbols {
  const header = readHeader(bytes.subarray(0, HEADER_SIZE));
  const reader = new ByteReader(bytes);
  const segments = readSegments(reader, header);
  const section = DynamicSection.find(reader, segments);
  const symtab = section?.extent(DT_SYMTAB);
  if (section === undefined || symtab === undefined) {
    return { machine: header.machine, flags1: 0, versions: [], exports: new Map(), imports: [] };
  }

  const strings = section.strings();
  const hashed = readHashTable(reader, section);
  const relocations = readRelocations(reader, section, header.machine);
  const count = [...relocations.keys()].reduce((most, index) => Math.max(most, index + 1), Math.max(hashed.end, 1));
  if (count > LIMITS.dynamicSymbols.most) throw new FormatError(exceeding(LIMITS.dynamicSymbols, count), symtab.offset);
  const table = reader.view(symtab.offset, count * SYMBOL_SIZE);
  const versymAt = section.extent(DT_VERSYM)?.offset;
  const versym = versymAt === undefined ? undefined : reader.view(versymAt, count * 2);
  const [verdef, verneed] = [section.extent(DT_VERDEF), section.extent(DT_VERNEED)];
  const versions = verdef ? readDefinedVersions(reader, verdef.offset, strings) : [];
  const required = verneed ? readRequiredVersions(reader, verneed.offset, strings) : new Map<number, RequiredVersion>();
  const defined = new Map(versions.filter(({ isBase }) => !isBase).map((version) => [version.index, version]));
  const ownVersions = new Map(Array.from(defined, ([index, { name }]): [number, RequiredVersion] => [index, { name }]));
  const executable = segments.filter(({ type, flags }) => type === PT_LOAD && (flags & PF_X) !== 0);

  const exports = new Map<string, ExportedSymbol[]>();
  const imports: ImportedSymbol[] = [];
  for (let index = 1; index < count; index++) {
    const at = index * SYMBOL_SIZE;
    const binding = BINDINGS[table[at + 4] >> 4];
    const visibility = table[at + 5] & 3;
    if (binding === undefined || (visibility !== STV_DEFAULT && visibility !== STV_PROTECTED)) continue;
    const place = table.readUInt16LE(at + 6);
    const isDefined = place !== SHN_UNDEF;
    const references = relocations.get(index);
    const isExported = isDefined && index >= hashed.start && index < hashed.end;
    if (!isExported && references === undefined) continue;
    const name = strings.get(table.readUInt32LE(at));
    const type = TYPES[table[at + 4] & 15] ?? 'other';
    const versionEntry = versym?.readUInt16LE(index * 2) ?? 0;
    if (references !== undefined && !(isDefined && visibility === STV_PROTECTED)) {
      const version = required.get(versionEntry & VERSYM_INDEX) ?? ownVersions.get(versionEntry & VERSYM_INDEX);
      imports.push({ name, version, isWeak: binding === 'weak', isDefined, isShared: isDefined && binding !== 'global', references });
    }
    if (!isExported) continue;
    const value = table.readUInt32LE(at + 8) + table.readUInt32LE(at + 12) * 2 ** 32;
    const segment = executable.find(({ vaddr, memsz }) => vaddr <= value && value < vaddr + memsz);
    const symbol: ExportedSymbol = {
      name,
      version: defined.get(versionEntry & VERSYM_INDEX),
      isHidden: (versionEntry & HIDDEN_VERSION) !== 0,
      type,
      binding,
      size: table.readUInt32LE(at + 16) + table.readUInt32LE(at + 20) * 2 ** 32,
      isFunction: segment !== undefined && place !== SHN_ABS && isFunctionIn(segment, type) && !name.includes(REPLACEMENT),
    };
    const others = exports.get(name);
    if (others === undefined) exports.set(name, [symbol]);
    else others.push(symbol);
  }
  const sonames = section.numbers(DT_SONAME);
  return {
    machine: header.machine,
    soname: sonames.length === 0 ? undefined : strings.get(sonames[sonames.length - 1]),
    flags1: section.number(DT_FLAGS_1) ?? 0,
    versions,
    exports,
    imports,
  };
}

/** A symbol without a type counts as a function, except in the segment at the start of the file, which also has tables and maybe data. */
function isFunctionIn(segment: Segment, type: SymbolType): boolean {
  return type === 'function' || type === 'ifunc' || (type === 'notype' && segment.offset > 0);
}

/**
 * Whether a definition in another object satisfies a reference, assuming that glibc finds it before others of the same name
 * (elf/dl-lookup.c, check_match). False if both objects have an equal weak or unique definition: without the other object, glibc would use
 * that of the referring object.
 */
export function satisfies(definition: ExportedSymbol, { version, isShared }: ImportedSymbol): boolean {
  if (isShared && definition.binding !== 'global') return false;
  if (version === undefined) return definition.version === undefined || definition.version.index < 3 || !definition.isHidden;
  return definition.version === undefined ? !definition.isHidden : definition.version.name === version.name;
}

/**
 * Whether an object may read or write a definition that it refers to: a variable, a virtual table, the type information of a class.
 * A stub cannot replace these.
 */
export function refersToData({ references }: ImportedSymbol, { isFunction }: ExportedSymbol): boolean {
  return references.some((reference) => reference !== 'call' && (reference !== 'address' || !isFunction));
}
