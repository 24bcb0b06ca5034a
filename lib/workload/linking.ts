/**
 * Determines which libraries a layer needs unchanged, and which can be replaced by stubs, from the symbols that objects import.
 *
 * A library is needed unchanged if a command calls it, or if an object that stays imports data from it: a variable, a virtual table,
 * the type information of a class, a thread-local variable. A stub has functions, and may have addresses of variables, but has no
 * data (see `LEAST_UNREAD`).
 */
import type { Process } from '../closure/closure';
import { namesOpenedByLibc } from '../collect/programs/opened-by-glibc';
import type { DynamicSymbols, ExportedSymbol, ImportedSymbol } from '../elf';
import { readSymbols, refersToData, satisfies } from '../elf';
import { hasAddressOnly, stubLibrary } from '../elf/stub';
import type { Loaded } from '../loader/search';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/**
 * Version of glibc's private symbols. Only parts of the C library need it. These parts rely on each other's internals, so they never
 * become stubs.
 */
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
 * Such a stub has an address for each variable, but no data can be read there. So a stub replaces the library only if no command reads the
 * data. Smaller libraries stay unchanged, so that a Lambda function that does read the data works.
 */
const LEAST_UNREAD = 1_000_000;

/** The processes of a layer, with the symbols of their objects. Objects are named by their resolved paths. */
export class Linking {
  private readonly symbols = new Map<RootPath, DynamicSymbols>();
  private readonly names = new Map<Process, Names>();
  private readonly processes: readonly Process[];

  /** @param root the source, without stubs */
  constructor(private readonly root: Root, processes: Iterable<Process>) {
    this.processes = [...processes].sort((a, b) => (a.program.real < b.program.real ? -1 : 1));
  }

  public get objects(): Set<RootPath> {
    return new Set(this.processes.flatMap((process) => process.objects.map(({ real }) => real)));
  }

  /** The objects that stubs can replace: every process that maps them does so because another object depends on them. */
  public get replaceable(): Set<RootPath> {
    const replaceable = this.objects;
    for (const process of this.processes) {
      for (const object of process.objects) if (!isDependency(object, process)) replaceable.delete(object.real);
    }
    return replaceable;
  }

  /**
   * The objects that are needed unchanged.
   *
   * @param used the programs, plug-ins, and libraries that are called or kept
   * @param unread libraries of which no command reads any data
   */
  public unchanged(used: ReadonlySet<RootPath>, unread: ReadonlySet<RootPath> = new Set()): Set<RootPath> {
    const unchanged = new Set(used);
    for (const process of this.processes) {
      for (const object of process.objects) if (isNeverStub(object, process)) unchanged.add(object.real);
    }
    for (let before = -1; before !== unchanged.size; ) {
      before = unchanged.size;
      for (const process of this.processes) this.addProviders(process, unchanged, unread);
    }
    return unchanged;
  }

  /**
   * Large libraries that otherwise stay unchanged, but can become stubs if no command reads their data: objects need only the addresses
   * of that data, and a stub can have these.
   */
  public stubsIfUnread(used: ReadonlySet<RootPath>): Set<RootPath> {
    const large = [...this.unchanged(used)].filter((library) => (
      !used.has(library) && (this.root.status(library)?.size ?? 0) >= LEAST_UNREAD));
    const unchanged = this.unchanged(used, new Set(large));
    return new Set(large.filter((library) => !unchanged.has(library)));
  }

  /** The objects that the loader maps if stubs replace all but the unchanged ones. Stubs have no dependencies. */
  public loaded(unchanged: ReadonlySet<RootPath>): Set<RootPath> {
    return new Set(this.processes.flatMap((process) => [...loadedIn(process, unchanged)].map(({ real }) => real)));
  }

  /** The name of a library in the message that its stub prints when it is called. */
  public nameInMessage(library: RootPath): string {
    return this.symbolsOf(library).soname ?? library;
  }

  /**
   * The stub of a library: its functions that the unchanged objects import, and addresses for variables.
   *
   * @param report see `StubOptions`
   */
  public stub(library: RootPath, unchanged: ReadonlySet<RootPath>, report?: string): Buffer {
    const original = this.symbolsOf(library);
    const symbols = new Set<ExportedSymbol>();
    for (const process of this.processes) {
      if (!process.objects.some((object) => object.real === library)) continue;
      const { importers } = this.namesOf(process);
      for (const [name, definitions] of original.exports) {
        for (const { object, imported } of importers.get(name) ?? []) {
          if (!unchanged.has(object.real)) continue;
          for (const symbol of definitions) if (satisfies(symbol, imported) && hasAddressInStub(imported, symbol)) symbols.add(symbol);
        }
      }
    }
    return stubLibrary(original, symbols, { library: report === undefined ? this.nameInMessage(library) : library, report });
  }

  /**
   * Adds the objects from which unchanged objects import data. If the loader would not map the provider of an import, also adds the objects
   * whose dependencies lead to the provider.
   */
  private addProviders(process: Process, unchanged: Set<RootPath>, unread: ReadonlySet<RootPath>): void {
    const loaded = loadedIn(process, unchanged);
    const { providers } = this.namesOf(process);
    for (const object of loaded) {
      if (!unchanged.has(object.real)) continue;
      for (const imported of this.symbolsOf(object.real).imports) {
        // with a copy relocation, the program defines the variable as well, but its copy does not count
        const isCopied = imported.references.includes('copy');
        const definitions = (providers.get(imported.name) ?? [])
          .filter((definition) => satisfies(definition.symbol, imported) && !(isCopied && definition.object === object));
        const provider = definitions.find((definition) => loaded.has(definition.object)) ?? definitions[0];
        if (provider === undefined) continue;
        const isUnread = unread.has(provider.object.real) && hasAddressInStub(imported, provider.symbol) && !imported.isDefined;
        if (refersToData(imported, provider.symbol) && !isUnread) unchanged.add(provider.object.real);
        if (loaded.has(provider.object)) continue;
        for (let at = provider.object.loader; at && !unchanged.has(at.real); at = at.loader) unchanged.add(at.real);
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
function isNeverStub(object: Loaded, process: Process): boolean {
  const { dynamic } = object.elf;
  if (!object.loader || object.real === process.interpreter?.real || dynamic?.soname === 'libc.so.6') return true;
  if (namesOpenedByLibc(process).includes(dynamic?.soname ?? object.name)) return true;
  return dynamic?.versionNeeds.some(({ versions }) => versions.some(({ name }) => name === INTERNAL_VERSION)) ?? false;
}

/** The objects of a process that its loader maps, if only the dependencies of unchanged ones count. */
function loadedIn(process: Process, unchanged: ReadonlySet<RootPath>): Set<Loaded> {
  const loaded = new Set(process.objects.filter((object) => !isDependency(object, process)));
  for (const object of loaded) {
    if (!unchanged.has(object.real)) continue;
    for (const name of object.elf.dynamic?.needed ?? []) {
      const needed = process.match(name);
      if (needed) loaded.add(needed);
    }
  }
  return loaded;
}

/** True for a library that a DT_NEEDED requests. False for the program, its loader, plug-ins, and libraries that are opened by name. */
function isDependency({ loader, name, real, reason }: Loaded, { interpreter }: Process): boolean {
  return loader !== undefined && reason !== 'plug-in' && real !== interpreter?.real && (loader.elf.dynamic?.needed.includes(name) ?? false);
}
