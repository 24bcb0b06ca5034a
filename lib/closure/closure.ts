/**
 * The closure of a program: every library that its loader maps, in the loader's order.
 *
 * glibc elf/dl-deps.c, musl ldso/dynlink.c (load_deps): breadth first over DT_NEEDED. A name is searched for only if no loaded object
 * has it. Libraries that a program opens later (plug-ins, libgcc_s) are loaded in the same way, in addition to the loaded objects.
 */
import * as path from 'path';
import { LayerError } from '../error';
import { exceeding, LIMITS } from '../limits';
import type { Found, Loaded, LoaderRules, NotFound, Setting } from '../loader/search';
import { SearchBudget, UnloadableError } from '../loader/search';
import { printableName } from '../text/printable';

/** A library that was not found. */
export class MissingLibraryError extends LayerError {
  constructor(public readonly library: string, public readonly requester: Loaded, public readonly searched: readonly string[]) {
    super(
      [
        `${printableName(library)} not found, needed by ${printableName(requester.path)}`,
        ...(requester.loader ? [`  chain: ${chainOf(requester, library)}`] : []),
        ...(searched.length > 0
          ? [`  searched: ${searched.map(printableName).join(', ')}`]
          : ['  searched: nothing, the object excludes the default directories']),
        ...adviceOn(printableName(library), printableName(requester.path)),
      ].join('\n'),
    );
  }
}

function adviceOn(library: string, requester: string): string[] {
  const name = path.posix.basename(library);
  const object = path.posix.basename(requester);
  if (!library.includes('/') || library.startsWith('/')) {
    return [
      `  install the package that has ${library}`,
      `  or, if you built it, link ${object} with -Wl,-rpath,'$ORIGIN', or set LD_LIBRARY_PATH to the directory of ${name}`,
    ];
  }
  // for a library without a soname, linkers record the path that was given on their command line
  return [
    `  DT_NEEDED '${library}' is a path relative to the working directory of the process: ` +
      `${name} has no soname and was linked by that path`,
    `  build ${name} with -Wl,-soname,${name}, or link ${object} with -L DIRECTORY -l:${name}; ` +
      "then set its search path with -Wl,-rpath,'$ORIGIN'",
    `  or edit ${object}: patchelf --replace-needed ${library} ${name} --set-rpath '$ORIGIN' ${requester}`,
  ];
}

/** The objects that a process has loaded: the program first, then in the loader's order. */
export class Process {
  private loaded: Loaded[];
  /** objects whose dependencies are loaded */
  private closed: Set<Loaded>;
  /** additional names by which objects were requested, such as links to their files */
  private names: Map<string, Loaded>;

  private readonly setting: Setting;

  /**
   * @param program the program, or a library that is loaded like one (`ld.so --list`)
   * @param rules the search rules of its loader
   * @param from a process whose objects are copied
   * @param interpreter the dynamic loader. It is loaded from the start, but `objects` has it only once an object needs it
   */
  constructor(
    public readonly program: Loaded,
    setting: Setting,
    public readonly rules: LoaderRules,
    public readonly interpreter?: Loaded,
    from?: Process,
  ) {
    this.loaded = from ? [...from.loaded] : [program];
    this.closed = new Set(from?.closed);
    this.names = new Map(from?.names);
    this.setting = { ...setting, budget: setting.budget ?? new SearchBudget(program.path) };
    if (!from) this.close();
  }

  /** The loaded objects. */
  public get objects(): readonly Loaded[] {
    return this.loaded;
  }

  /** Copies the process. Objects that the copy loads do not change this process. */
  public fork(): Process {
    return new Process(this.program, this.setting, this.rules, this.interpreter, this);
  }

  /**
   * Opens a file and its dependencies, like `dlopen` with a path.
   *
   * @param file a path
   * @param loader the object that opens it
   */
  public openFile(file: string, loader: Loaded, reason: string): Loaded | undefined {
    const found = this.rules.open(file, reason, this.setting);
    return found && this.add(found, file, loader);
  }

  /** Opens a library by name, like `dlopen`; `undefined` if it is not found. */
  public openName(name: string, loader: Loaded): Loaded | undefined {
    const loaded = this.match(name);
    if (loaded) return loaded;
    const opener = this.rules.opener(loader, this.program);
    const found = this.rules.search(name, opener, this.program, this.setting);
    return 'searched' in found ? undefined : this.add(found, name, opener);
  }

  /** The path at which a search finds a library, even if the library is loaded already; `undefined` if no loadable file is found. */
  public locate(name: string, loader: Loaded): string | undefined {
    try {
      const found = this.rules.search(name, loader, this.program, this.setting);
      return 'searched' in found ? undefined : found.path;
    } catch (error) {
      if (error instanceof UnloadableError) return undefined;
      throw error;
    }
  }

  private add(found: Found, name: string, loader: Loaded): Loaded {
    // like dlopen, adds nothing if the object or one of its dependencies cannot be loaded
    const fork = this.fork();
    const object = fork.objectOf(found, name, loader);
    if (!fork.loaded.includes(object)) fork.loaded.push(object);
    fork.close();
    ({ loaded: this.loaded, closed: this.closed, names: this.names } = fork);
    return object;
  }

  private close(): void {
    for (let object: Loaded | undefined; (object = this.objects.find((candidate) => !this.closed.has(candidate))); ) {
      this.closed.add(object);
      // limited because the time is quadratic: `match`, like the loader, compares each name with all objects
      if (this.objects.length > LIMITS.loadedObjects.most) {
        throw new UnloadableError(`${this.program.path}: ${exceeding(LIMITS.loadedObjects, this.objects.length)}`);
      }
      const { needed = [], filter = [], auxiliary = [] } = object.elf.dynamic ?? {};
      for (const name of needed) {
        const loaded = this.need(name, object);
        if (loaded && !this.objects.includes(loaded)) this.loaded.push(loaded);
      }
      if (!this.rules.hasFilters) continue;
      for (const [names, optional] of [[filter, false], [auxiliary, true]] as const) {
        for (const name of names) {
          const loaded = this.need(name, object, optional);
          if (loaded) this.precede(loaded, object);
        }
      }
    }
  }

  /** Puts a library in front of the object that names it in DT_FILTER or DT_AUXILIARY. */
  private precede(filtee: Loaded, object: Loaded): void {
    const at = this.objects.indexOf(filtee);
    if (at >= 0 && at < this.objects.indexOf(object)) return;
    if (at >= 0) this.loaded.splice(at, 1);
    this.loaded.splice(this.objects.indexOf(object), 0, filtee);
  }

  /** @returns `undefined` for a missing optional library, or for any missing library if `setting.missing` is set */
  private need(name: string, requester: Loaded, optional = false): Loaded | undefined {
    const loaded = this.match(name);
    if (loaded) return loaded;
    let found: Found | NotFound;
    try {
      found = this.rules.search(name, requester, this.program, this.setting);
    } catch (error) {
      if (!(error instanceof UnloadableError)) throw error;
      return this.reportMissing(name, requester, new UnloadableError(`${error.message}\n  chain: ${chainOf(requester, name)}`));
    }
    if (!('searched' in found)) return this.objectOf(found, name, requester);
    if (optional) return undefined;
    return this.reportMissing(name, requester, new MissingLibraryError(name, requester, found.searched));
  }

  private reportMissing(name: string, requester: Loaded, error: MissingLibraryError | UnloadableError): undefined {
    if (!this.setting.missing) throw error;
    this.setting.missing(name, requester, error);
  }

  /** The loaded object of a file, or a new object if the file is not loaded yet. */
  private objectOf(found: Found, name: string, loader: Loaded): Loaded {
    const open = this.interpreter ? [...this.objects, this.interpreter] : this.objects;
    const loaded = open.find((object) => object.real === found.real) ?? { ...found, name, loader };
    if (this.rules.isKept(name, loaded, this.names)) this.names.set(name, loaded);
    return loaded;
  }

  /** The loaded object that a name refers to. Does not search. */
  public match(name: string): Loaded | undefined {
    const { interpreter, rules } = this;
    const known = this.names.get(name) ?? this.objects.find((object) => rules.answersTo(object, name));
    return known ?? (interpreter && rules.isLoader(name, interpreter) ? interpreter : undefined);
  }
}

/** The file names from the program to an object, and the requested name, for messages: `prog → libb.so → libc.so.6`. */
export function chainOf(object: Loaded, ...requested: readonly string[]): string {
  const chain = [...requested];
  for (let at: Loaded | undefined = object; at; at = at.loader) chain.unshift(path.posix.basename(at.path));
  return chain.map(printableName).join(' → ');
}
