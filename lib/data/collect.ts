/**
 * Everything that programs need to run: their closures, and what no DT_NEEDED names.
 *
 * Data is found by the program's own package and by the paths that files mention, as far as the package
 * database says that the mentioned thing goes with the file that mentions it; what is found mentions more,
 * to the fixed point.
 */
import * as path from 'path';
import { load } from '../closure/program';
import { checkVersions } from '../closure/versions';
import { Elf, FormatError, isProgram, Machine } from '../elf';
import { isAside, isDocumentation, isForLinking } from './aside';
import { Belonging } from './belonging';
import { isCurrent, sourceOfBytecode } from './bytecode';
import { openedLibraries } from './dlopen-note';
import { Excerpt, isTheHosts, Why } from './excerpt';
import { dataOfLibc, openedByLibc, variantsBeside } from './glibc';
import { Package, PackageDatabase } from './packages';
import { Opened } from './trace';
import { MissingLibraryError, Process } from '../closure/closure';
import { Program } from '../closure/find';
import { readShebang } from '../closure/script';
import { Loaded, Setting } from '../loader/search';
import { Root } from '../root/root';
import { isStandardDirectory, unitOf } from '../root/standard';

export interface CollectOptions {
  readonly root: Root;
  readonly machine: Machine;
  readonly setting: Setting;
  readonly packages: PackageDatabase;
  /** whether data is looked for */
  readonly detectData: boolean;
  /** whether a path may not go in */
  readonly excluded: (real: string) => boolean;
  /** paths to add, whatever belongs to what */
  readonly include: readonly string[];
  /** files that the user's trace commands opened */
  readonly traced: readonly Opened[];
  /** bytes that a layer may hold */
  readonly mostBytes: number;
}

export interface Collected {
  readonly excerpt: Excerpt;
  /** a process for each program, those among the data included, by its resolved path */
  readonly processes: ReadonlyMap<string, Process>;
  /**
   * Resolved path of a file that has the prefix `/usr` as a string of its own → the directories of its package below
   * that prefix which none of the package's files mentions whole: it puts their paths together when it runs.
   */
  readonly prefixed: ReadonlyMap<string, readonly string[]>;
}

/**
 * Bytes that one mention in a library of others may bring, in data and in plug-ins with the libraries that they need.
 * What a program's own package mentions has no such bound. Measured on Debian 12: fonts, character maps, map projections
 * and the modules of most libraries stay below; drivers of graphics hardware, which no function has, are above.
 */
const GENEROUS: Bounds = { data: 32 * 1024 * 1024, plugIns: 8 * 1024 * 1024, addOns: true };
/** The same for a program that leaves little room for more. */
const TIGHT: Bounds = { data: 64 * 1024, plugIns: 64 * 1024, addOns: false };
/** The same for what a program's own package mentions, but only recommends. */
const RECOMMENDED = { data: 12 * 1000 * 1000, plugIns: 8 * 1024 * 1024 };
/** How much of a layer may be filled before the room is called little. */
const FULL = 0.98;

interface Bounds {
  readonly data: number;
  readonly plugIns: number;
  /** whether packages that are installed on top of a program's own join */
  readonly addOns: boolean;
}

export function collect(programs: readonly Program[], options: CollectOptions): Collected {
  const generous = collectWithin(GENEROUS, programs, options);
  return generous.bytes() <= FULL * options.mostBytes ? generous : collectWithin(TIGHT, programs, options);
}

function collectWithin(bounds: Bounds, programs: readonly Program[], options: CollectOptions): Collector {
  const collector = new Collector(bounds, options);
  for (const program of programs) collector.program(program);
  for (const wanted of options.include) collector.include(wanted);
  collector.trace(options.traced);
  collector.follow();
  return collector;
}

/** A file that is in the excerpt, to be looked through for what it mentions. */
interface Pending {
  readonly real: string;
  /** the process that would open it */
  readonly process?: Process;
}

class Collector implements Collected {
  public readonly excerpt: Excerpt;
  public readonly processes = new Map<string, Process>();
  public readonly prefixed = new Map<string, readonly string[]>();
  private readonly belonging: Belonging;
  private pending: Pending[] = [];
  private readonly queued = new Set<string>();
  private readonly followed = new Set<string>();

  constructor(private readonly bounds: Bounds, private readonly options: CollectOptions) {
    this.excerpt = new Excerpt(options.root, options.excluded);
    this.belonging = new Belonging(options.packages, options.root);
  }

  /** A program that was asked for. */
  public program(program: Program, why: Why = { reason: 'asked for' }): void {
    const { real, elf, interpreter } = program;
    this.excerpt.addFile(program.path, why);
    const owners = this.options.detectData ? this.ownersOf(program) : [];
    const adopted = owners.flatMap((owner) => this.belonging.adopt(owner));
    if (elf) this.start(real, elf);
    if (interpreter) this.program(interpreter.program, { reason: `interpreter of ${path.posix.basename(real)}`, through: real });
    this.enqueue(real, this.processes.get(real));
    for (const owner of adopted) this.takeData(owner, real);
    if (interpreter) for (const owner of owners) this.modules(owner, new Set(this.ownersOf(interpreter.program).map(({ source }) => source)), real);
  }

  /** A file or directory that the user names. */
  public include(wanted: string): void {
    const [process] = this.processes.values();
    for (const real of this.excerpt.include(wanted, { reason: 'included' })) this.take(real, process);
  }

  /** What the user's trace commands opened: the programs that did first, so that what these load is theirs. */
  public trace(opened: readonly Opened[]): void {
    const programs = new Set(opened.map(({ by }) => by));
    for (const one of opened) if (programs.has(one.path)) this.traced(one);
    for (const one of opened) if (!programs.has(one.path)) this.traced(one);
  }

  private traced({ path: file, by }: Opened): void {
    const { root } = this.options;
    const why: Why = { reason: 'opened in a trace command', through: by && root.real(by) };
    // not looked at: what is the host's changes often, and nothing here rests on it
    if (isTheHosts(file)) {
      this.leaveOut(file, `${why.reason}${by === undefined ? '' : ` by ${by}`}, but belongs to the host: name it in include if it is needed`);
      return;
    }
    const process = this.processes.get(this.started(by) ?? '') ?? this.processes.values().next().value;
    // Python opens the bytecode of a module, and looks only at the time and size of its source
    const files = [file, sourceOfBytecode(file)].filter((one) => one !== undefined && root.isFile(one)) as string[];
    for (const real of files.flatMap((one) => this.excerpt.add(one, why))) {
      this.take(real, process);
      // the kernel opens it, which no trace shows
      const interpreter = root.content(real).kind === 'script' ? readShebang(root.content(real).head)?.interpreter : undefined;
      if (interpreter?.startsWith('/')) this.traced({ path: interpreter, by: real });
    }
  }

  /** The resolved path of the program that runs when a file is executed. */
  private started(file: string | undefined): string | undefined {
    const { root } = this.options;
    const real = file === undefined ? undefined : root.real(file);
    if (real === undefined || !root.isFile(real) || root.content(real).kind !== 'script') return real;
    const interpreter = readShebang(root.content(real).head)?.interpreter;
    return interpreter === undefined ? undefined : root.real(interpreter);
  }

  /** Follows what is pending to the fixed point. */
  public follow(): void {
    if (!this.options.detectData) return;
    for (let next = this.pending.shift(); next; next = this.pending.shift()) this.mentions(next);
    this.checkBytecode();
    this.findPrefixed();
    this.licences();
  }

  public bytes(): number {
    return [...this.excerpt.files.keys()].reduce((sum, real) => sum + this.options.root.status(real)!.size, 0);
  }

  /** Closes a program: its libraries join. */
  private start(real: string, elf: Elf): Process {
    const process = load(real, elf, this.options.setting);
    openedByLibc(process);
    for (const object of [...process.objects]) this.openNoted(process, object);
    checkVersions(process.objects);
    this.processes.set(real, process);
    this.takeObjects(process, process.objects);
    const { interpreter } = process;
    if (interpreter) this.excerpt.addFile(interpreter.path, { reason: `loader of ${path.posix.basename(real)}`, through: real });
    return process;
  }

  /** The packages that a script's package depends on, and that depend on the interpreter in turn, are its modules. */
  private modules(owner: Package, interpreters: ReadonlySet<string>, through: string, seen = new Set<Package>()): void {
    for (const dependency of this.belonging.dependencies(owner)) {
      if (seen.has(dependency)) continue;
      seen.add(dependency);
      if (!this.belonging.dependencies(dependency).some(({ source }) => interpreters.has(source))) continue;
      for (const owned of this.belonging.adopt(dependency)) this.takeData(owned, through);
      this.modules(dependency, interpreters, through, seen);
    }
  }

  /** A command may be a link of one package to a program of another. */
  private ownersOf({ path: found, real }: Program): Package[] {
    return [found, real].map((file) => this.options.packages.ownerOf(file)).filter((owner) => owner !== undefined);
  }

  /** What an object says itself that it opens. */
  private openNoted(process: Process, object: Loaded): void {
    for (const { sonames, priority } of openedLibraries(object.elf)) {
      if (priority === 'suggested') this.leaveOut(sonames[0], `only suggested by ${object.path}`);
      else sonames.some((name) => process.openName(name, object));
    }
  }

  private takeObjects(process: Process, objects: readonly Loaded[]): void {
    for (const object of objects) {
      if (object.loader) {
        const by = object.reason === 'plug-in' ? 'plug-in of' : 'needed by';
        this.excerpt.addFile(object.path, { reason: `${by} ${path.posix.basename(object.loader.path)} [${object.reason}]`, through: object.loader.real });
        for (const variant of variantsBeside(this.options.root, object.path)) {
          this.excerpt.addFile(variant, { reason: `variant of ${object.path}`, through: object.real });
        }
      }
      this.enqueue(object.real, process);
    }
    if (!this.options.detectData) return;
    for (const real of dataOfLibc(process, this.options.root, this.excerpt, (object) => this.isOwn(object, process))) this.take(real, process);
  }

  /** Whether an object is a program, or a plug-in of the packages that were asked for, rather than one of the libraries that these use. */
  private isOwn(object: Loaded, process: Process): boolean {
    const owner = this.options.packages.ownerOf(object.real);
    return object === process.program || (object.reason === 'plug-in' && owner !== undefined && this.belonging.own.has(owner));
  }

  /** Something that was found among the data: a program is made to run, a plug-in brings what it needs. */
  private take(real: string, process: Process | undefined): void {
    const { elf, kind } = this.options.root.content(real);
    if (elf && !(elf instanceof FormatError) && elf.machine === this.options.machine && elf.dynamic) {
      const before = process?.objects.length ?? 0;
      const restore = process?.snapshot();
      try {
        if (isProgram(elf) && elf.interpreter !== undefined) {
          if (!this.processes.has(real)) process = this.start(real, elf);
        } else if (process && elf.type === 'shared') {
          this.openPlugIn(real, process);
          this.takeObjects(process, process.objects.slice(before));
        }
      } catch (error) {
        // a plug-in or helper whose needs are not installed does not work at the source either
        restore?.();
        this.excerpt.files.delete(real);
        this.leaveOut(real, (error as Error).message.split('\n')[0]);
        return;
      }
    }
    if (kind !== 'data') this.enqueue(real, process);
  }

  /** One plug-in may need another that the program opens before it, by a path that no search would find. */
  private openPlugIn(real: string, process: Process, waiting = new Set<string>()): void {
    try {
      const plugIn = process.openFile(real, process.program, 'plug-in');
      if (plugIn) this.openNoted(process, plugIn);
    } catch (error) {
      if (!(error instanceof MissingLibraryError)) throw error;
      const before = [...this.excerpt.files.keys()].find((file) => path.posix.basename(file) === error.library);
      if (before === undefined || waiting.has(before)) throw error;
      this.openPlugIn(before, process, waiting.add(real));
      this.openPlugIn(real, process, waiting.add(before));
    }
  }

  private leaveOut(wanted: string, why: string): void {
    this.excerpt.leftOut.set(wanted, why);
  }

  private enqueue(real: string, process: Process | undefined): void {
    if (this.queued.has(real)) return;
    this.queued.add(real);
    this.pending.push({ real, process });
  }

  /** The data of a program's own package, and the add-ons in the directories of that. */
  private takeData(owner: Package, through: string): void {
    const process = this.processes.get(through) ?? [...this.processes.values()].at(-1);
    const why = { reason: `of package ${owner.name}`, through };
    const added = this.belonging.data(owner).flatMap((real) => this.excerpt.add(real, why, () => false)); // what a link leads to has an owner of its own
    const isAddOn = (real: string) => !isAside(real) && !isForLinking(real) && this.belonging.isAddOn(real, owner, this.bounds.addOns);
    for (const directory of this.belonging.directoriesOf(owner)) {
      added.push(...this.excerpt.add(directory, { reason: `in a directory of package ${owner.name}`, through }, isAddOn));
    }
    for (const real of added) this.take(real, process);
  }

  private mentions({ real: file, process }: Pending): void {
    const owner = this.options.packages.ownerOf(file);
    if (owner?.source === 'glibc' || isDocumentation(file)) return; // of libc's own, see glibc.ts
    const { mentions } = this.options.root.content(file);
    for (const mentioned of mentions.flatMap((mention) => (mention.code ? this.completions(mention.path, mention.code) : [mention.path]))) {
      const wanted = path.posix.normalize(mentioned).replace(/(?<=.)\/$/, '');
      const key = `${owner?.name ?? file} ${wanted}`;
      if (this.followed.has(key)) continue;
      this.followed.add(key);
      if (!isTheHosts(wanted) && !isStandardDirectory(wanted) && !isAside(`${wanted}/`)) this.mention(wanted, file, owner, process);
    }
  }

  /** What a path may be of which an instruction holds the beginning, going by what there is, and what is in the code nearby. */
  private completions(head: string, code: Buffer): string[] {
    const parent = path.posix.dirname(head);
    const found = this.options.root.names(this.options.root.real(parent) ?? parent).map((name) => path.posix.join(parent, name));
    const isNear = (rest: string) => rest === '' || code.includes(rest);
    return found.filter((candidate) => candidate.startsWith(head) && isNear(candidate.slice(head.length, head.length + 4)));
  }

  private mention(wanted: string, file: string, owner: Package | undefined, process: Process | undefined): void {
    const why: Why = { reason: `mentioned in ${path.posix.basename(file)}`, through: file };
    for (const candidate of [wanted, ...this.siblings(wanted)]) {
      const real = this.options.root.real(candidate);
      if (real === undefined || isStandardDirectory(real)) continue;
      if (this.belonging.goesWith(candidate, real, owner)) this.bounded(candidate, why, owner, process);
      else if (!this.excerpt.files.has(real)) this.leaveOut(candidate, `mentioned in ${file}, whose package neither has it nor depends on one that does`);
    }
  }

  /** Adds what is mentioned, unless it is out of proportion. */
  private bounded(candidate: string, why: Why, owner: Package | undefined, process: Process | undefined): void {
    const { root, packages } = this.options;
    const real = root.real(candidate)!;
    const whole = packages.isSole(real) ? packages.ownerOf(real) : undefined;
    const goesWith = (child: string) => this.belonging.goesWith(child, child, owner) || (whole !== undefined && packages.ownerOf(child) === whole);
    const accept = (child: string) => !isAside(child) && !isForLinking(child) && goesWith(child);
    const isOthers = owner !== undefined && !this.belonging.own.has(owner);
    const bounds = isOthers ? this.bounds : this.belonging.isOnlyRecommended(real) ? RECOMMENDED : undefined;
    const restore = process?.snapshot();
    const [programs, pending] = [this.processes.size, this.pending.length];
    const bytes = { data: 0, plugIns: 0 };
    const good = this.excerpt.attempt(() => {
      const before = this.excerpt.files.size;
      for (const added of this.excerpt.add(candidate, why, accept)) this.take(added, process);
      for (const file of [...this.excerpt.files.keys()].slice(before)) {
        bytes[root.content(file).kind === 'elf' ? 'plugIns' : 'data'] += root.status(file)!.size;
      }
      return !bounds || (bytes.data <= bounds.data && bytes.plugIns <= bounds.plugIns);
    });
    if (good) return;
    restore?.();
    for (const started of [...this.processes.keys()].slice(programs)) this.processes.delete(started);
    for (const forgotten of this.pending.splice(pending)) this.queued.delete(forgotten.real);
    const megabytes = Math.round((bytes.data + bytes.plugIns) / 1e6);
    this.leaveOut(candidate, `${why.reason}, but would bring ${megabytes} MB: name it in include if it is needed`);
  }

  /** Bytecode that Python would not take at the source is of no use in the layer. */
  private checkBytecode(): void {
    for (const real of [...this.excerpt.files.keys()]) {
      const source = sourceOfBytecode(real);
      if (source === undefined) continue;
      const status = this.excerpt.files.has(source) ? this.options.root.status(source) : undefined;
      if (status && isCurrent(this.options.root.content(real).head, status)) continue;
      this.excerpt.files.delete(real);
      this.leaveOut(real, 'bytecode of another version of its source, or of none');
    }
  }

  private findPrefixed(): void {
    const { root, packages } = this.options;
    const files = [...this.excerpt.files.keys()];
    const own = files.filter((real) => this.belonging.own.has(packages.ownerOf(real)!));
    const objects = own.filter((real) => root.content(real).kind === 'elf');
    const users = objects.filter((real) => root.content(real).mentions.some((mention) => mention.path === '/usr'));
    if (users.length === 0) return;
    const mentioned = new Set(objects.flatMap((real) => root.content(real).mentions.map((mention) => unitOf(mention.path))));
    const isUnsaid = (unit: string) => unit.startsWith('/usr/') && root.isDirectory(unit) && !isAside(`${unit}/`) && !mentioned.has(unit);
    const units = [...new Set(own.map(unitOf))].filter(isUnsaid);
    if (units.length > 0) for (const user of users) this.prefixed.set(user, units);
  }

  /** `/usr/share/misc/magic` stands for `magic.mgc` as well. */
  private siblings(wanted: string): string[] {
    const parent = this.options.root.real(path.posix.dirname(wanted));
    if (parent === undefined) return [];
    const prefix = `${path.posix.basename(wanted)}.`;
    return this.options.root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
  }

  /** The licence texts of all packages that are in. */
  private licences(): void {
    const { packages } = this.options;
    const owners = new Set([...this.excerpt.files.keys()].map((real) => packages.ownerOf(real)));
    for (const owner of owners) if (owner) this.excerpt.add(`/usr/share/doc/${owner.name}/copyright`, { reason: `licence of ${owner.name}` });
  }
}
