/**
 * Everything that programs need to run: their closures, and what no DT_NEEDED names.
 *
 * Data is found by the paths that files mention, as far as the package database says that the mentioned
 * thing goes with the file that mentions it; what is found mentions more, to the fixed point.
 */
import * as path from 'path';
import { isAside, isDocumentation } from './aside';
import { Excerpt, isTheHosts, Why } from './excerpt';
import { libgccFor, variantsBeside } from './glibc';
import { Package, PackageDatabase } from './packages';
import { Process } from '../closure/closure';
import { Program } from '../closure/find';
import { load } from '../closure/program';
import { checkVersions } from '../closure/versions';
import { Elf, FormatError, isProgram, Machine } from '../elf';
import { Loaded, Setting } from '../loader/search';
import { Root } from '../root/root';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

export interface CollectOptions {
  readonly root: Root;
  readonly machine: Machine;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** whether data is looked for */
  readonly detectData: boolean;
  /** whether a path may go in */
  readonly excluded: (real: string) => boolean;
  /** paths to add, whatever belongs to what */
  readonly include: readonly string[];
}

export interface Collected {
  readonly excerpt: Excerpt;
  /** a process for each program, those among the data included, by its resolved path */
  readonly processes: ReadonlyMap<string, Process>;
}

export function collect(programs: readonly Program[], options: CollectOptions): Collected {
  const collector = new Collector(options);
  for (const program of programs) collector.program(program);
  for (const wanted of options.include) collector.include(wanted);
  if (options.detectData) collector.follow();
  return collector;
}

/** A file that is in the excerpt, to be looked through for what it needs and mentions. */
interface Pending {
  readonly real: string;
  /** the process that would open it */
  readonly process?: Process;
}

class Collector implements Collected {
  public readonly excerpt: Excerpt;
  public readonly processes = new Map<string, Process>();
  private readonly pending: Pending[] = [];
  private readonly queued = new Set<string>();
  private readonly own = new Set<Package>();
  private readonly followed = new Set<string>();

  constructor(private readonly options: CollectOptions) {
    this.excerpt = new Excerpt(options.root, options.excluded);
  }

  /** A program that was asked for. */
  public program({ path: found, real, elf }: Program): void {
    this.excerpt.addFile(found, { reason: 'asked for' });
    this.enqueue(real, elf && this.start(real, elf));
    const owner = this.options.packages.ownerOf(real);
    if (owner && this.options.detectData) this.takeOwn(owner, real);
  }

  /** A file or directory that the user names. */
  public include(wanted: string): void {
    const [process] = this.processes.values();
    for (const real of this.excerpt.add(wanted, { reason: 'included' })) this.take(real, process);
  }

  /** Follows what is pending to the fixed point. */
  public follow(): void {
    for (let next = this.pending.shift(); next; next = this.pending.shift()) this.mentions(next);
    this.licences();
  }

  /** Closes a program: its libraries join. */
  private start(real: string, elf: Elf): Process {
    const process = load(real, elf, this.options.setting);
    this.processes.set(real, process);
    libgccFor(process);
    checkVersions(process.objects);
    this.takeObjects(process, process.objects);
    const { interpreter } = process;
    if (interpreter) this.excerpt.addFile(interpreter.path, { reason: `loader of ${path.posix.basename(real)}`, through: real });
    return process;
  }

  private takeObjects(process: Process, objects: readonly Loaded[]): void {
    for (const object of objects) {
      if (object.loader) {
        this.excerpt.addFile(object.path, { reason: `needed by ${path.posix.basename(object.loader.path)} [${object.reason}]`, through: object.loader.real });
        for (const variant of variantsBeside(this.options.root, object.path)) this.excerpt.addFile(variant, { reason: `variant of ${object.path}`, through: object.real });
      }
      this.enqueue(object.real, process);
    }
  }

  /** Something that was found among the data: a program is made to run, a plug-in brings what it needs. */
  private take(real: string, process: Process | undefined): void {
    const { elf, kind } = this.options.root.content(real);
    if (elf && !(elf instanceof FormatError) && elf.machine === this.options.machine && elf.dynamic) {
      try {
        if (isProgram(elf) && elf.interpreter !== undefined) {
          if (!this.processes.has(real)) process = this.start(real, elf);
        } else if (process && elf.type === 'shared') {
          const before = process.objects.length;
          process.openFile(real, process.program, 'plug-in');
          this.takeObjects(process, process.objects.slice(before));
        }
      } catch (error) {
        // a plug-in or helper whose needs are not installed does not work at the source either
        this.excerpt.files.delete(real);
        this.excerpt.leftOut.set(real, (error as Error).message.split('\n')[0]);
        return;
      }
    }
    if (kind !== 'data') this.enqueue(real, process);
  }

  private enqueue(real: string, process: Process | undefined): void {
    if (this.queued.has(real)) return;
    this.queued.add(real);
    this.pending.push({ real, process });
  }

  /** The installed packages of the program's source package, followed along dependencies. */
  private takeOwn(owner: Package, through: string): void {
    if (this.own.has(owner)) return;
    this.own.add(owner);
    for (const real of this.options.packages.files(owner)) {
      if (!this.isOwnData(real)) continue;
      for (const added of this.excerpt.add(real, { reason: `of package ${owner.name}`, through })) this.take(added, this.processes.get(through));
    }
    for (const name of owner.depends) {
      const dependency = this.options.packages.get(name);
      if (dependency?.source === owner.source) this.takeOwn(dependency, through);
    }
  }

  /** Commands and libraries of one's own package come in when something needs them, not because they are there. */
  private isOwnData(real: string): boolean {
    if (isAside(real)) return false;
    const parent = path.posix.dirname(real);
    if (isCommandDirectory(parent)) return false;
    if (isStandardDirectory(parent) && /\/lib/.test(parent) && /\.so(\.|$)/.test(real)) return false;
    return this.options.root.status(real)?.type !== 'directory';
  }

  private mentions({ real: file, process }: Pending): void {
    const owner = this.options.packages.ownerOf(file);
    if (owner?.source === 'glibc') return; // see glibc.ts
    if (isDocumentation(file)) return;
    for (const { path: mentioned } of this.options.root.content(file).mentions) {
      const wanted = path.posix.normalize(mentioned).replace(/(?<=.)\/$/, '');
      const key = `${owner?.name ?? file} ${wanted}`;
      if (this.followed.has(key)) continue;
      this.followed.add(key);
      this.mention(wanted, file, owner, process);
    }
  }

  private mention(wanted: string, file: string, owner: Package | undefined, process: Process | undefined): void {
    if (isTheHosts(wanted) || isStandardDirectory(wanted) || isAside(`${wanted}/`)) return;
    const why: Why = { reason: `mentioned in ${path.posix.basename(file)}`, through: file };
    for (const candidate of [wanted, ...this.siblings(wanted)]) {
      const real = this.options.root.real(candidate);
      if (real === undefined || isStandardDirectory(real)) continue;
      if (!this.goesWith(candidate, real, owner)) {
        if (!this.excerpt.files.has(real)) this.excerpt.leftOut.set(candidate, `mentioned in ${file}, whose package neither has it nor depends on one that does`);
        continue;
      }
      const accept = (child: string) => !isAside(child) && this.goesWith(child, child, owner);
      for (const added of this.excerpt.add(candidate, why, accept)) this.take(added, process);
    }
  }

  /** `/usr/share/misc/magic` stands for `magic.mgc` as well. */
  private siblings(wanted: string): string[] {
    const parent = this.options.root.real(path.posix.dirname(wanted));
    if (parent === undefined || isStandardDirectory(wanted)) return [];
    const prefix = `${path.posix.basename(wanted)}.`;
    return this.options.root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
  }

  /** Whether a path belongs to the mentioning file's package, to its source package, or to one that it depends on. */
  private goesWith(candidate: string, real: string, owner: Package | undefined): boolean {
    const { packages, root } = this.options;
    const other = packages.ownerOf(candidate) ?? packages.ownerOf(real);
    if (root.status(real)?.type === 'file' && isCommandDirectory(path.posix.dirname(real))) return other !== undefined && this.own.has(other);
    if (other === undefined) return owner === undefined || !/^\/(usr\/local|opt)\//.test(real);
    if (owner === undefined) return true;
    return other === owner || other.source === owner.source || owner.depends.includes(other.name) || this.sharedWith(real, owner);
  }

  /** Several packages list a directory that they share. */
  private sharedWith(real: string, owner: Package): boolean {
    const { packages, root } = this.options;
    if (root.status(real)?.type !== 'directory') return false;
    return [owner.name, ...owner.depends].some((name) => {
      const candidate = packages.get(name);
      return candidate !== undefined && packages.files(candidate).includes(real);
    });
  }

  /** The licence texts of all packages that are in. */
  private licences(): void {
    const { packages } = this.options;
    const owners = new Set([...this.excerpt.files.keys()].map((real) => packages.ownerOf(real)));
    for (const owner of owners) if (owner) this.excerpt.add(`/usr/share/doc/${owner.name}/copyright`, { reason: `licence of ${owner.name}` });
  }
}
