/**
 * Determines which libraries a layer needs unchanged, and which can be replaced by stubs, from the symbols that objects import.
 *
 * A library is needed unchanged if a command calls it, or if an object that stays imports data from it: a variable, a virtual table,
 * the type information of a class, a thread-local variable. A stub contains only functions.
 */
import type { Process } from '../closure/closure';
import { namesOpenedByLibc } from '../collect/opened-by-glibc';
import type { DynamicSymbols, ExportedSymbol, ImportedSymbol } from '../elf';
import { hasAddressOnly, readSymbols, refersToData, satisfies, stubLibrary } from '../elf';
import type { Loaded } from '../loader/search';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/** Version of the private symbols of glibc. Only parts of the C library need it, and they rely on each other's internals. */
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
 * Minimum size of a library that may become a stub although objects import data from it, in bytes.
 *
 * A stub has addresses for the data, which cannot be read, so no command may read it. Smaller libraries stay unchanged, so that a
 * Lambda function that does read the data works.
 */
const LEAST_UNREAD = 1_000_000;

/**
 * The processes of a layer, with the symbols of their objects.
 *
 * The method `real` and sets of that name are about objects that are not stubs. The field `real` of an object is its resolved path.
 */
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

  /** Resolved paths of the programs and of the objects that they open at run time. Stubs cannot replace these. */
  public get opened(): Set<RootPath> {
    const openedIn = (process: Process) => process.objects.filter((object) => isOpened(object, process));
    return new Set(this.processes.flatMap(openedIn).map(({ real }) => real));
  }

  /**
   * The objects that are needed unchanged.
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

  /** Large libraries that are needed unchanged only for their data, if a stub can have addresses for the data. */
  public maybeUnread(used: ReadonlySet<RootPath>): Set<RootPath> {
    const large = [...this.real(used)].filter((real) => !used.has(real) && (this.root.status(real)?.size ?? 0) >= LEAST_UNREAD);
    const without = this.real(used, new Set(large));
    return new Set(large.filter((real) => !without.has(real)));
  }

  /** The objects that the loader maps if all but the `real` ones are stubs. Stubs have no dependencies. */
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

  /** Adds the objects from which `real` ones import data, and the objects through which the loader finds providers of their imports. */
  private addProviders(process: Process, real: Set<RootPath>, unread: ReadonlySet<RootPath>): void {
    const loaded = loadedIn(process, real);
    const { providers } = this.namesOf(process);
    for (const object of loaded) {
      if (!real.has(object.real)) continue;
      for (const imported of this.symbolsOf(object.real).imports) {
        // with a copy relocation, the program defines the variable as well
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

/** True if a stub can provide a symbol: a function, or a variable of which the loader only stores the address. */
function hasAddressInStub(imported: ImportedSymbol, symbol: ExportedSymbol): boolean {
  if (!refersToData(imported, symbol)) return true;
  return hasAddressOnly(symbol) && imported.references.every((reference) => reference === 'address' || reference === 'call');
}

/** True for the program, its loader and the parts of the C library. */
function isAlwaysReal(object: Loaded, process: Process): boolean {
  const { dynamic } = object.elf;
  if (!object.loader || object.real === process.interpreter?.real || dynamic?.soname === 'libc.so.6') return true;
  if (namesOpenedByLibc(process).includes(dynamic?.soname ?? object.name)) return true;
  return dynamic?.versionNeeds.some(({ versions }) => versions.some(({ name }) => name === INTERNAL_VERSION)) ?? false;
}

/** The objects of a process that its loader maps, if only the dependencies of `real` ones count. */
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

/** True for an object that no other object depends on: the program, its loader, plug-ins, and libraries that are opened by name. */
function isOpened({ loader, name, real, reason }: Loaded, { interpreter }: Process): boolean {
  return !loader || reason === 'plug-in' || real === interpreter?.real || !loader.elf.dynamic?.needed.includes(name);
}
