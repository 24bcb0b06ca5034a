/**
 * The closure of a program: every library that its loader would map, in the order in which it would.
 *
 * glibc elf/dl-deps.c, musl ldso/dynlink.c (load_deps): breadth first over DT_NEEDED; what is loaded already is
 * matched before anything is searched for. What a program opens later (plug-ins, libgcc_s) is closed over in the
 * same way, with the objects that are loaded by then.
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
    super([
      `${printableName(library)} not found, needed by ${printableName(requester.path)}`,
      ...(requester.loader ? [`  chain: ${chainOf(requester, library)}`] : []),
      ...(searched.length > 0 ? [`  searched: ${searched.map(printableName).join(', ')}`] : ['  searched: nothing, the object allows no default directory']),
      ...adviceOn(printableName(library), printableName(requester.path)),
    ].join('\n'));
  }
}

function adviceOn(library: string, requester: string): string[] {
  const name = path.posix.basename(library);
  const object = path.posix.basename(requester);
  if (!library.includes('/') || library.startsWith('/')) return [`  install the package that has ${library}, or correct the search path of ${object}`];
  // a linker takes the path that it was given for the name of a library that has none
  return [
    `  DT_NEEDED '${library}' is a path relative to the working directory of the process: ${name} has no soname and was linked by that path`,
    `  build ${name} with -Wl,-soname,${name}, or link ${object} with -L DIRECTORY -l:${name}; then set its search path with -Wl,-rpath,'$ORIGIN'`,
    `  or edit ${object}: patchelf --replace-needed ${library} ${name} --set-rpath '$ORIGIN' ${requester}`,
  ];
}

/** What a process has loaded: the program first, then in the order in which the loader maps. */
export class Process {
  private loaded: Loaded[];
  /** objects whose needs are loaded */
  private closed: Set<Loaded>;
  /** other names by which an object was requested, such as a link to its file: it answers to them from then on */
  private names: Map<string, Loaded>;

  private readonly setting: Setting;

  /**
   * @param program what is started, or a library as `ld.so --list` takes one
   * @param rules those of its loader
   * @param from a process whose objects are loaded in this one, too
   * @param interpreter its loader: an object of the process from the start, that takes its place in the order where something first needs it
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

  /** What the process has loaded. */
  public get objects(): readonly Loaded[] {
    return this.loaded;
  }

  /** A process with the same objects: what it loads from then on, this one does not. */
  public fork(): Process {
    return new Process(this.program, this.setting, this.rules, this.interpreter, this);
  }

  /**
   * Opens one more file, as `dlopen` does with a path, and everything that it needs.
   *
   * @param file a path
   * @param loader the object that opens it
   */
  public openFile(file: string, loader: Loaded, reason: string): Loaded | undefined {
    const found = this.rules.open(file, reason, this.setting);
    return found && this.add(found, file, loader);
  }

  /** Opens a library by its name, as `dlopen` does; `undefined` where it is not there. */
  public openName(name: string, loader: Loaded): Loaded | undefined {
    const loaded = this.match(name);
    if (loaded) return loaded;
    const opener = this.rules.opener(loader, this.program);
    const found = this.rules.search(name, opener, this.program, this.setting);
    return 'searched' in found ? undefined : this.add(found, name, opener);
  }

  private add(found: Found, name: string, loader: Loaded): Loaded {
    // an object that cannot be loaded leaves nothing behind, as with dlopen
    const fork = this.fork();
    const object = fork.known(found, name, loader);
    if (!fork.loaded.includes(object)) fork.loaded.push(object);
    fork.close();
    ({ loaded: this.loaded, closed: this.closed, names: this.names } = fork);
    return object;
  }

  private close(): void {
    for (let object: Loaded | undefined; (object = this.objects.find((one) => !this.closed.has(one))); ) {
      this.closed.add(object);
      // each name is compared with the objects so far, as the loader itself does
      if (this.objects.length > LIMITS.loadedObjects.most) throw new UnloadableError(`${this.program.path}: ${exceeding(LIMITS.loadedObjects, this.objects.length)}`);
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

  /** What serves an object's symbols in its place goes before it. */
  private precede(server: Loaded, object: Loaded): void {
    const at = this.objects.indexOf(server);
    if (at >= 0 && at < this.objects.indexOf(object)) return;
    if (at >= 0) this.loaded.splice(at, 1);
    this.loaded.splice(this.objects.indexOf(object), 0, server);
  }

  /** @returns `undefined` for what is optional and not there, and for what is missing where the setting lets it be */
  private need(name: string, requester: Loaded, optional = false): Loaded | undefined {
    const loaded = this.match(name);
    if (loaded) return loaded;
    let found: Found | NotFound;
    try {
      found = this.rules.search(name, requester, this.program, this.setting);
    } catch (error) {
      if (!(error instanceof UnloadableError)) throw error;
      return this.miss(name, requester, new UnloadableError(`${error.message}\n  chain: ${chainOf(requester, name)}`));
    }
    if (!('searched' in found)) return this.known(found, name, requester);
    if (optional) return undefined;
    return this.miss(name, requester, new MissingLibraryError(name, requester, found.searched));
  }

  private miss(name: string, requester: Loaded, error: MissingLibraryError | UnloadableError): undefined {
    if (!this.setting.missing) throw error;
    this.setting.missing(name, requester, error);
  }

  /** A file that is open already is the object that it was opened as. */
  private known(found: Found, name: string, loader: Loaded): Loaded {
    const open = this.interpreter ? [...this.objects, this.interpreter] : this.objects;
    const loaded = open.find((object) => object.real === found.real) ?? { ...found, name, loader };
    if (this.rules.isKept(name, loaded, this.names)) this.names.set(name, loaded);
    return loaded;
  }

  /** What a name stands for without a search. */
  public match(name: string): Loaded | undefined {
    const { interpreter, rules } = this;
    const known = this.names.get(name) ?? this.objects.find((object) => rules.answersTo(object, name));
    return known ?? (interpreter && rules.isLoader(name, interpreter) ? interpreter : undefined);
  }
}

/** The file names from the program to an object, and the name that it asks for, for a message: `prog → libb.so → libc.so.6`. */
export function chainOf(object: Loaded, ...requested: readonly string[]): string {
  const chain = [...requested];
  for (let at: Loaded | undefined = object; at; at = at.loader) chain.unshift(path.posix.basename(at.path));
  return chain.map(printableName).join(' → ');
}
