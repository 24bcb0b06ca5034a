/**
 * What runs in a layer: a process for each program, with the libraries and plug-ins that it loads, and each file that joins
 * given to the process that would open it.
 */
import * as path from 'path';
import { load, MissingInterpreterError } from '../closure/program';
import { checkVersions } from '../closure/versions';
import { Elf, FormatError, isProgram, Machine } from '../elf';
import { Belonging } from './belonging';
import { openedLibraries } from './dlopen-note';
import { dataOfLibc, openedByLibc, Role, variantsBeside } from './opened-by-glibc';
import { dataOfMusl } from './opened-by-musl';
import { Selection } from './selection';
import { MissingLibraryError, Process } from '../closure/closure';
import { Loaded, Setting } from '../loader/search';
import { PackageDatabase } from '../packages/package';
import { Root } from '../root/root';

/** A library that not everybody may read. */
export class PrivateLibraryError extends Error {}

export interface ProcessesOptions {
  readonly root: Root;
  readonly machine: Machine;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** whether data is looked for */
  readonly detectData: boolean;
  /** paths that the user names, to be packed whatever their permissions */
  readonly include: readonly string[];
}

/** A file that is in the selection, to be looked through for what it mentions. */
export interface Pending {
  readonly real: string;
  /** the process that would open it */
  readonly process?: Process;
}

export class Processes {
  /** a process for each program, those among the data included, by its resolved path */
  public readonly byProgram = new Map<string, Process>();
  private readonly pending: Pending[] = [];
  private readonly queued = new Set<string>();

  constructor(private readonly options: ProcessesOptions, private readonly selection: Selection, private readonly belonging: Belonging) {}

  /** Closes a program: its libraries join. */
  public start(real: string, elf: Elf): Process {
    const process = load(real, elf, this.options.setting);
    openedByLibc(process);
    for (const object of [...process.objects]) this.openNoted(process, object);
    if (process.rules.hasVersions) checkVersions(process.objects);
    this.byProgram.set(real, process);
    this.takeObjects(process, process.objects);
    const { interpreter } = process;
    if (interpreter) this.selection.addFile(interpreter.path, { reason: `loader of ${path.posix.basename(real)}`, through: real });
    return process;
  }

  /** Something that was found among the data: a program is made to run, a plug-in brings what it needs. */
  public take(real: string, process: Process | undefined): void {
    const { elf, kind } = this.options.root.content(real);
    if (elf && !(elf instanceof FormatError) && elf.machine === this.options.machine && elf.dynamic) {
      const before = process?.objects.length ?? 0;
      const restore = process?.snapshot();
      try {
        if (isProgram(elf) && elf.interpreter !== undefined) {
          if (!this.byProgram.has(real)) process = this.start(real, elf);
        } else if (process && elf.type === 'shared') {
          if (process.program.elf.dynamic === undefined || process.interpreter === undefined) throw new MissingInterpreterError(`a plug-in, and ${process.program.path} is linked statically`);
          this.openPlugIn(real, process);
          this.takeObjects(process, process.objects.slice(before));
        }
      } catch (error) {
        // a plug-in or helper whose needs are not installed does not work at the source either
        restore?.();
        this.selection.files.delete(real);
        this.selection.skipped.set(real, (error as Error).message.split('\n')[0]);
        return;
      }
    }
    if (kind !== 'data') this.enqueue(real, process);
  }

  /** Has a file looked through, once. */
  public enqueue(real: string, process: Process | undefined): void {
    if (this.queued.has(real)) return;
    this.queued.add(real);
    this.pending.push({ real, process });
  }

  /** The next file to be looked through. */
  public next(): Pending | undefined {
    return this.pending.shift();
  }

  /** Whether everything may stand as it is: runs `grow`, and takes back what joined unless it says yes. */
  public attempt(process: Process | undefined, grow: () => boolean): boolean {
    const restore = process?.snapshot();
    const [programs, pending] = [this.byProgram.size, this.pending.length];
    const good = this.selection.attempt(grow);
    if (!good) {
      restore?.();
      for (const started of [...this.byProgram.keys()].slice(programs)) this.byProgram.delete(started);
      for (const forgotten of this.pending.splice(pending)) this.queued.delete(forgotten.real);
    }
    return good;
  }

  /** What an object says itself that it opens. */
  private openNoted(process: Process, object: Loaded): void {
    for (const { sonames, priority } of openedLibraries(object.elf)) {
      if (priority === 'suggested') this.selection.skipped.set(sonames[0], `only suggested by ${object.path}`);
      else sonames.some((name) => this.openOne(process, name, object, priority === 'required'));
    }
  }

  /** @returns whether it was opened: an object does without what it does not require */
  private openOne(process: Process, name: string, object: Loaded, isRequired: boolean): boolean {
    try {
      return process.openName(name, object) !== undefined;
    } catch (error) {
      if (isRequired) throw error;
      this.selection.skipped.set(name, `opened by ${object.path}, but ${(error as Error).message.split('\n')[0]}`);
      return false;
    }
  }

  private takeObjects(process: Process, objects: readonly Loaded[]): void {
    for (const object of objects) {
      if (object.loader) {
        this.checkPublic(object);
        const by = object.reason === 'plug-in' ? 'plug-in of' : 'needed by';
        this.selection.addFile(object.path, { reason: `${by} ${path.posix.basename(object.loader.path)} [${object.reason}]`, through: object.loader.real });
        for (const variant of variantsBeside(this.options.root, object.path)) {
          this.selection.addFile(variant, { reason: `variant of ${path.posix.basename(object.path)}`, through: object.real });
        }
      }
      this.enqueue(object.real, process);
    }
    if (!this.options.detectData) return;
    for (const real of this.dataOf(process)) this.take(real, process);
  }

  /** Whether everybody may read a library; where it lies does not matter, homes are mostly closed to others. */
  private checkPublic({ path: found, real, loader }: Loaded): void {
    const { root, include } = this.options;
    if ((root.status(real)!.mode & 0o004) !== 0 || include.some((one) => root.real(one) === real)) return;
    throw new PrivateLibraryError([
      `${found}, which ${loader!.path} needs, may not be read by everybody, and in a layer it could be`,
      `  chmod o+r ${found}, or name it in include to pack it all the same`,
    ].join('\n'));
  }

  /** What the C library opens in a process. */
  private dataOf(process: Process): string[] {
    if (process.rules.libc === 'musl') return dataOfMusl(process, this.selection);
    return dataOfLibc(process, this.options.root, this.selection, (object) => this.roleOf(object, process));
  }

  private roleOf(object: Loaded, process: Process): Role | undefined {
    const owner = this.options.packages.ownerOf(object.real);
    const isOwn = owner !== undefined && this.belonging.own.has(owner);
    if (object === process.program || (object.reason === 'plug-in' && isOwn)) return 'asked';
    return isOwn ? 'own' : undefined;
  }

  /** One plug-in may need another that the program opens before it, by a path that no search would find. */
  private openPlugIn(real: string, process: Process, waiting = new Set<string>()): void {
    try {
      const plugIn = process.openFile(real, process.program, 'plug-in');
      if (plugIn) this.openNoted(process, plugIn);
    } catch (error) {
      if (!(error instanceof MissingLibraryError)) throw error;
      const before = [...this.selection.files.keys()].find((file) => path.posix.basename(file) === error.library);
      if (before === undefined || waiting.has(before)) throw error;
      this.openPlugIn(before, process, waiting.add(real));
      this.openPlugIn(real, process, waiting.add(before));
    }
  }
}
