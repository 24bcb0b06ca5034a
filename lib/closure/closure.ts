/**
 * The closure of a program: every library that its loader would map, in the order in which it would.
 *
 * glibc elf/dl-deps.c: breadth first over DT_NEEDED; what is loaded already is matched before anything
 * is searched for. What a program opens later (plug-ins, libgcc_s) is closed over in the same way,
 * with the objects that are loaded by then.
 */
import * as path from 'path';
import { Found, Loaded, NotFound, open, search, Setting, UnloadableError } from '../loader/search';

/** A library that was not found. */
export class MissingLibraryError extends Error {
  constructor(public readonly library: string, requester: Loaded, searched: readonly string[]) {
    super([
      `${library} not found, needed by ${requester.path}`,
      ...(requester.loader ? [`  chain: ${chainOf(requester).join(' → ')} → ${library}`] : []),
      ...(searched.length > 0 ? [`  searched: ${searched.join(', ')}`] : ['  searched: nothing, the object allows no default directory']),
      `  install the package that has ${library}, or correct the search path of ${path.posix.basename(requester.path)}`,
    ].join('\n'));
  }
}

/** What a process has loaded: the program first, then in the order in which the loader maps. */
export class Process {
  public readonly objects: Loaded[];

  /**
   * @param program what is started, or a library as `ld.so --list` takes one
   * @param interpreter its loader: an object of the process from the start, that takes its place in the order where something first needs it
   */
  constructor(public readonly program: Loaded, private readonly setting: Setting, public readonly interpreter?: Loaded) {
    this.objects = [program];
    this.close(0);
  }

  /**
   * Opens one more file, as `dlopen` does with a path, and everything that it needs.
   *
   * @param file a path
   * @param loader the object that opens it
   */
  public openFile(file: string, loader: Loaded, reason: string): Loaded | undefined {
    const found = open(file, reason, this.setting);
    return found && this.add(found, file, loader);
  }

  /** Opens a library by its name, as `dlopen` does; `undefined` where it is not there. */
  public openName(name: string, loader: Loaded): Loaded | undefined {
    const loaded = this.match(name);
    if (loaded) return loaded;
    const found = search(name, loader, this.program, this.setting);
    return 'searched' in found ? undefined : this.add(found, name, loader);
  }

  private add(found: Found, name: string, loader: Loaded): Loaded {
    const known = this.objects.find((object) => object.real === found.real);
    if (known) return known;
    const loaded: Loaded = { ...found, name, loader };
    this.objects.push(loaded);
    this.close(this.objects.length - 1);
    return loaded;
  }

  private close(from: number): void {
    for (let index = from; index < this.objects.length; index++) {
      const object = this.objects[index];
      const { needed = [], filter = [], auxiliary = [] } = object.elf.dynamic ?? {};
      for (const name of [...filter, ...needed]) this.need(name, object);
      for (const name of auxiliary) this.need(name, object, true);
    }
  }

  private need(name: string, requester: Loaded, optional = false): void {
    if (this.match(name)) return;
    let found: Found | NotFound;
    try {
      found = search(name, requester, this.program, this.setting);
    } catch (error) {
      if (error instanceof UnloadableError) throw new UnloadableError(`${error.message}\n  chain: ${[...chainOf(requester), name].join(' → ')}`);
      throw error;
    }
    if ('searched' in found) {
      if (optional) return;
      throw new MissingLibraryError(name, requester, found.searched);
    }
    const { real } = found;
    if (!this.objects.some((object) => object.real === real)) this.objects.push({ ...found, name, loader: requester });
  }

  /** A name matches what was asked for by that name, or has it as its DT_SONAME. */
  private match(name: string): Loaded | undefined {
    const loaded = this.objects.find((object) => object.name === name || object.path === name || object.elf.dynamic?.soname === name);
    if (loaded || !this.interpreter || (this.interpreter.name !== name && this.interpreter.elf.dynamic?.soname !== name)) return loaded;
    this.objects.push(this.interpreter);
    return this.interpreter;
  }
}

/** The file names from the program to an object. */
export function chainOf(object: Loaded): string[] {
  const chain: string[] = [];
  for (let at: Loaded | undefined = object; at; at = at.loader) chain.unshift(path.posix.basename(at.path));
  return chain;
}
