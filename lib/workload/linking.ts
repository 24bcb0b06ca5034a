/**
 * Which libraries a layer needs as they are, and which a stub can stand in for, judged by the symbols that objects import.
 *
 * A library is needed as it is if a command calls it, or if an object that stays imports data from it: a variable, a virtual table,
 * the type information of a class, a thread-local variable. A stub has functions only.
 */
import type { Process } from '../closure/closure';
import { namesOpenedByLibc } from '../collect/opened-by-glibc';
import type { DynamicSymbols, ExportedSymbol, ImportedSymbol } from '../elf';
import { hasAddressOnly, readSymbols, refersToData, satisfies, stubLibrary } from '../elf';
import type { Loaded } from '../loader/search';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/** Objects of the C library rely on each other beyond their symbols. */
const INTERNAL_VERSION = 'GLIBC_PRIVATE';

/** A definition of a name. */
interface Provider {
  readonly object: Loaded;
  readonly symbol: ExportedSymbol;
}

/** A reference to a name. */
interface Importer {
  readonly object: Loaded;
  readonly imported: ImportedSymbol;
}

/** The definitions and references of each name in a process, in the order of its objects. */
interface Names {
  readonly providers: ReadonlyMap<string, readonly Provider[]>;
  readonly importers: ReadonlyMap<string, readonly Importer[]>;
}

/**
 * Libraries of which only data is imported may become stubs, too, if no command reads it: the addresses in a stub are those of no memory.
 * Smaller ones stay as they are, so that a function that does read the data works. In bytes.
 */
const LEAST_UNREAD = 1_000_000;

/** The processes of a layer, with the symbols of their objects. */
export class Linking {
  private readonly symbols = new Map<RootPath, DynamicSymbols>();
  private readonly names = new Map<Process, Names>();
  private readonly processes: readonly Process[];

  /** @param root the source, without stubs */
  constructor(private readonly root: Root, processes: Iterable<Process>) {
    this.processes = [...processes].sort((a, b) => (a.program.real < b.program.real ? -1 : 1));
  }

  /** Resolved paths of all objects. */
  public get objects(): Set<RootPath> {
    return new Set(this.processes.flatMap((process) => process.objects.map(({ real }) => real)));
  }

  /** Those that programs open by themselves, and the programs: a stub cannot stand in for them. */
  public get opened(): Set<RootPath> {
    const openedIn = (process: Process) => process.objects.filter((object) => isOpened(object, process));
    return new Set(this.processes.flatMap(openedIn).map(({ real }) => real));
  }

  /**
   * The objects that are needed as they are.
   *
   * @param used the programs, plug-ins, and libraries that are called or kept
   * @param unread libraries of which no command reads any data
   */
  public real(used: ReadonlySet<RootPath>, unread: ReadonlySet<RootPath> = new Set()): Set<RootPath> {
    const real = new Set(used);
    for (const process of this.processes) for (const object of process.objects) if (isAlwaysReal(object, process)) real.add(object.real);
    for (let before = -1; before !== real.size; ) {
      before = real.size;
      for (const process of this.processes) this.addProviders(process, real, unread);
    }
    return real;
  }

  /** Large libraries of which only data is imported, if a stub can have addresses for it. */
  public maybeUnread(used: ReadonlySet<RootPath>): Set<RootPath> {
    const large = [...this.real(used)].filter((real) => !used.has(real) && (this.root.status(real)?.size ?? 0) >= LEAST_UNREAD);
    const without = this.real(used, new Set(large));
    return new Set(large.filter((real) => !without.has(real)));
  }

  /** The objects that the loader maps if all but the `real` ones are stubs, which need nothing. */
  public loaded(real: ReadonlySet<RootPath>): Set<RootPath> {
    return new Set(this.processes.flatMap((process) => [...loadedIn(process, real)].map((object) => object.real)));
  }

  /**
   * The stub of a library: its functions that the `real` objects import, and addresses for variables.
   *
   * @param report see `StubOptions`
   */
  public stub(library: RootPath, real: ReadonlySet<RootPath>, report?: string): Buffer {
    const original = this.symbolsOf(library);
    const symbols = new Set<ExportedSymbol>();
    for (const process of this.processes) {
      if (!process.objects.some((object) => object.real === library)) continue;
      const { importers } = this.namesOf(process);
      for (const [name, definitions] of original.exports) {
        for (const { object, imported } of importers.get(name) ?? []) {
          if (!real.has(object.real)) continue;
          for (const symbol of definitions) if (satisfies(symbol, imported) && hasAddressInStub(imported, symbol)) symbols.add(symbol);
        }
      }
    }
    return stubLibrary(original, symbols, { library: report === undefined ? original.soname ?? library : library, report });
  }

  /** Adds the objects from which real ones import data, and those without which nothing would load a provider of their imports. */
  private addProviders(process: Process, real: Set<RootPath>, unread: ReadonlySet<RootPath>): void {
    const loaded = loadedIn(process, real);
    const { providers } = this.namesOf(process);
    for (const object of loaded) {
      if (!real.has(object.real)) continue;
      for (const imported of this.symbolsOf(object.real).imports) {
        // a program defines the variable that it copies
        const isCopied = imported.references.includes('copy');
        const definitions = (providers.get(imported.name) ?? [])
          .filter((definition) => satisfies(definition.symbol, imported) && !(isCopied && definition.object === object));
        const provider = definitions.find((definition) => loaded.has(definition.object)) ?? definitions[0];
        if (provider === undefined) continue;
        const isUnread = unread.has(provider.object.real) && hasAddressInStub(imported, provider.symbol) && !imported.isDefined;
        if (refersToData(imported, provider.symbol) && !isUnread) real.add(provider.object.real);
        if (loaded.has(provider.object)) continue;
        for (let at = provider.object.loader; at && !real.has(at.real); at = at.loader) real.add(at.real);
      }
    }
  }

  private namesOf(process: Process): Names {
    const known = this.names.get(process);
    if (known) return known;
    const providers = new Map<string, Provider[]>();
    const importers = new Map<string, Importer[]>();
    for (const object of process.objects) {
      const { exports, imports } = this.symbolsOf(object.real);
      for (const [name, definitions] of exports) for (const symbol of definitions) append(providers, name, { object, symbol });
      for (const imported of imports) append(importers, imported.name, { object, imported });
    }
    const names = { providers, importers };
    this.names.set(process, names);
    return names;
  }

  private symbolsOf(real: RootPath): DynamicSymbols {
    let symbols = this.symbols.get(real);
    if (!symbols) {
      symbols = readSymbols(this.root.read(real));
      this.symbols.set(real, symbols);
    }
    return symbols;
  }
}

function append<T>(lists: Map<string, T[]>, name: string, item: T): void {
  const list = lists.get(name);
  if (list) list.push(item);
  else lists.set(name, [item]);
}

/** True for a function, and for a variable of which an object stores the address, with which the loader does nothing else. */
function hasAddressInStub(imported: ImportedSymbol, symbol: ExportedSymbol): boolean {
  if (!refersToData(imported, symbol)) return true;
  return hasAddressOnly(symbol) && imported.references.every((reference) => reference === 'address' || reference === 'call');
}

/** The program and what it opens by itself are used; the loader and the parts of the C library stay as they are. */
function isAlwaysReal(object: Loaded, process: Process): boolean {
  const { dynamic } = object.elf;
  if (!object.loader || object.real === process.interpreter?.real || dynamic?.soname === 'libc.so.6') return true;
  if (namesOpenedByLibc(process).includes(dynamic?.soname ?? object.name)) return true;
  return dynamic?.versionNeeds.some(({ versions }) => versions.some(({ name }) => name === INTERNAL_VERSION)) ?? false;
}

/** The objects of a process that its loader maps, if only the needs of `real` ones count. */
function loadedIn(process: Process, real: ReadonlySet<RootPath>): Set<Loaded> {
  const loaded = new Set(process.objects.filter((object) => isOpened(object, process)));
  for (const object of loaded) {
    if (!real.has(object.real)) continue;
    for (const name of object.elf.dynamic?.needed ?? []) {
      const needed = process.match(name);
      if (needed) loaded.add(needed);
    }
  }
  return loaded;
}

/** True for what no object of the process needs: the program, its loader, plug-ins, and libraries that are opened by name. */
function isOpened({ loader, name, real, reason }: Loaded, { interpreter }: Process): boolean {
  return !loader || reason === 'plug-in' || real === interpreter?.real || !loader.elf.dynamic?.needed.includes(name);
}
