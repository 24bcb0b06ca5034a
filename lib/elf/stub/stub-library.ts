/**
 * Makes stub libraries.
 */
import { FUNCTION_SIZE } from './code';
import type { StubOptions } from './functions';
import { addFunctions } from './functions';
import { gnuHashOf } from './gnu-hash';
import {
  SharedObject, SHF_ALLOC, SHF_WRITE, SHT_DYNAMIC, SHT_DYNSYM, SHT_GNU_HASH, SHT_GNU_VERDEF, SHT_GNU_VERSYM, SHT_STRTAB,
} from './shared-object';
import { Strings } from './strings';
import { versionTable } from './version-table';
import { printableName } from '../../text/printable';
import {
  DT_FLAGS_1, DT_GNU_HASH, DT_NULL, DT_SONAME, DT_STRSZ, DT_STRTAB, DT_SYMENT, DT_SYMTAB, DT_VERDEF, DT_VERDEFNUM, DT_VERSYM, DYN_SIZE,
} from '../dynamic-section';
import type { DynamicSymbols, ExportedSymbol } from '../dynamic-symbols';
import { pair } from '../edit/part';

/**
 * Stub libraries: shared libraries that replace libraries that are never called. A stub has the name, the versions and some of the
 * functions of the original, so the loader accepts it. It has none of the original's code, data, dependencies, constructors or
 * destructors. A function that is called prints a message on standard error and ends the process with exit code 127.
 */

/**
 * The bits of DT_FLAGS_1 that a stub keeps, because they affect other objects: DF_1_GLOBAL, DF_1_NODELETE, DF_1_NOOPEN and
 * DF_1_INTERPOSE.
 */
const KEPT_FLAGS_1 = 0x2 | 0x8 | 0x40 | 0x400;

const SYMBOL_SIZE = 24;
const STT_OBJECT = 1;
const STT_FUNC = 2;
const BINDINGS: Readonly<Record<ExportedSymbol['binding'], number>> = { global: 1, weak: 2, unique: 1 };
const VERSYM_GLOBAL = 1;
const VERSYM_HIDDEN = 0x8000;

/** Alignment of each variable in a stub, in bytes: the original's variable may require it. */
const DATA_ALIGN = 64;

/** Maximum address space of a variable in a stub, in bytes. */
const DATA_MAX = 16 * 1024 * 1024;

/**
 * True if a stub can define an address for a variable. Nothing can be read or written there: an access ends the process with SIGSEGV.
 * So this only suits variables whose addresses are stored but never used. Thread-local variables never qualify. Variables that the loader
 * copies into a program do not qualify, either. The caller excludes these: whether a variable is copied depends on the references to it.
 */
export function hasAddressOnly({ type, size }: ExportedSymbol): boolean {
  return type === 'object' && size > 0 && size <= DATA_MAX;
}

/**
 * The bytes of a stub. They depend on the interface of the original, the set of symbols, and the options.
 *
 * @param original the symbols of the library that the stub replaces
 * @param symbols the exports that the stub defines: those to which unchanged objects refer
 * @throws Error for a symbol that is data and for which `hasAddressOnly` is false
 */
export function stubLibrary(original: DynamicSymbols, symbols: Iterable<ExportedSymbol>, options: StubOptions): Buffer {
  const { table: gnuHash, symbols: ordered } = gnuHashOf([...new Set(symbols)].sort(byNameAndVersion));
  const data = ordered.filter(({ type }) => type !== 'function' && type !== 'ifunc' && type !== 'notype');
  const refused = data.find((symbol) => !hasAddressOnly(symbol));
  if (refused) throw new Error(`${printableName(options.library)}: a stub cannot define ${printableName(refused.name)}, which is data`);
  const offsets = new Map<ExportedSymbol, number>();
  let space = 0;
  for (const symbol of data) {
    offsets.set(symbol, space);
    space = Math.ceil((space + symbol.size) / DATA_ALIGN) * DATA_ALIGN;
  }

  const strings = new Strings();
  const soname = original.soname === undefined ? undefined : strings.offset(original.soname);
  const names = ordered.map(({ name }) => strings.offset(name));
  const versions = versionTable(original.versions, strings);
  const dynstr = strings.bytes();
  const dynsym = Buffer.alloc((ordered.length + 1) * SYMBOL_SIZE);

  const object = new SharedObject(original.machine, space);
  const read = { flags: SHF_ALLOC };
  const entries: [tag: number, value: number][] = [];
  if (soname !== undefined) entries.push([DT_SONAME, soname]);
  const hash = object.add({ ...read, name: '.gnu.hash', type: SHT_GNU_HASH, content: gnuHash, align: 8, link: '.dynsym' });
  const symtab = object.add({
    ...read, name: '.dynsym', type: SHT_DYNSYM, content: dynsym, align: 8, link: '.dynstr', info: 1, entrySize: SYMBOL_SIZE,
  });
  const strtab = object.add({ ...read, name: '.dynstr', type: SHT_STRTAB, content: dynstr, align: 1 });
  entries.push([DT_GNU_HASH, hash], [DT_STRTAB, strtab], [DT_SYMTAB, symtab], [DT_STRSZ, dynstr.length], [DT_SYMENT, SYMBOL_SIZE]);
  const count = original.versions.length;
  if (count > 0) {
    const content = versionsOf(ordered);
    const versym = object.add({ ...read, name: '.gnu.version', type: SHT_GNU_VERSYM, content, align: 2, link: '.dynsym', entrySize: 2 });
    const verdef = object.add({
      ...read, name: '.gnu.version_d', type: SHT_GNU_VERDEF, content: versions, align: 8, link: '.dynstr', info: count,
    });
    entries.push([DT_VERSYM, versym], [DT_VERDEF, verdef], [DT_VERDEFNUM, count]);
  }
  const define = (index: number, type: number, section: number, address: number, size: number) => {
    const at = (index + 1) * SYMBOL_SIZE;
    dynsym.writeUInt32LE(names[index], at);
    dynsym[at + 4] = (BINDINGS[ordered[index].binding] << 4) | type;
    dynsym.writeUInt16LE(section, at + 6);
    dynsym.writeBigUInt64LE(BigInt(address), at + 8);
    dynsym.writeBigUInt64LE(BigInt(size), at + 16);
  };
  const functions = ordered.flatMap((symbol, index) => (offsets.has(symbol) ? [] : [index]));
  if (functions.length > 0) {
    const places = functions.map((index) => ({ name: ordered[index].name, address: strtab + names[index] }));
    const addresses = addFunctions(object, places, original.machine, options);
    const section = object.indexOf('.text');
    functions.forEach((index, number) => define(index, STT_FUNC, section, addresses[number], FUNCTION_SIZE));
  }
  const flags1 = original.flags1 & KEPT_FLAGS_1;
  if (flags1 !== 0) entries.push([DT_FLAGS_1, flags1]);
  const dynamic = Buffer.concat([...entries, [DT_NULL, 0]].map(([tag, value]) => pair(tag, value)));
  object.add({
    name: '.dynamic',
    type: SHT_DYNAMIC,
    flags: SHF_ALLOC | SHF_WRITE,
    content: dynamic,
    align: 8,
    isWritten: true,
    link: '.dynstr',
    entrySize: DYN_SIZE,
  });
  const section = object.indexOf('.dynamic'); // any section will do: a symbol without one (SHN_ABS) would not move with the object
  ordered.forEach((symbol, index) => {
    const offset = offsets.get(symbol);
    if (offset !== undefined) define(index, STT_OBJECT, section, object.inaccessibleAddress + offset, symbol.size);
  });
  return object.bytes();
}

/** `.gnu.version`: the version of each symbol, by number. */
function versionsOf(symbols: readonly ExportedSymbol[]): Buffer {
  const table = Buffer.alloc((symbols.length + 1) * 2);
  symbols.forEach(({ version, isHidden }, index) => {
    table.writeUInt16LE((version?.index ?? VERSYM_GLOBAL) | (isHidden ? VERSYM_HIDDEN : 0), (index + 1) * 2);
  });
  return table;
}

/** Compares names by code units, so that the order is the same on every machine. */
function byNameAndVersion(a: ExportedSymbol, b: ExportedSymbol): number {
  return Number(a.name > b.name) - Number(a.name < b.name)
    || (a.version?.index ?? 0) - (b.version?.index ?? 0) || Number(a.isHidden) - Number(b.isHidden);
}
