/**
 * Everything that programs need to run: their closures, and what no DT_NEEDED names.
 *
 * Data is found by the program's own package and by the paths that files mention, as far as the package
 * database says that the mentioned thing goes with the file that mentions it; what is found mentions more,
 * to the fixed point.
 */
import * as path from 'path';
import { Belonging } from './belonging';
import { Commands } from './commands';
import { addLicences, leaveOutStaleBytecode } from './finish';
import { HEADERS, isAside, isDocumentation, isForLinking } from './non-runtime';
import { behindPrefix, prefixed } from './prefix';
import { Pending, Processes, ProcessesOptions } from './processes';
import { Selection, EXCLUDED, isMachineSpecific, Why } from './selection';
import { Bounds, BOUNDS, FULL, RECOMMENDED } from './size-budget';
import { Process } from '../closure/closure';
import { findProgram, Program } from '../closure/find';
import { readShebang } from '../closure/script';
import { FormatError } from '../elf';
import { Package } from '../packages/package';
import { sourceOfBytecode } from '../root/python-bytecode';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';
import { Opened } from '../trace/strace';

export interface CollectOptions extends ProcessesOptions {
  /** whether a path may not go in */
  readonly excluded: (real: string) => boolean;
  /** directories in which commands are looked for */
  readonly searchPath: readonly string[];
  /** files that the user's trace commands opened */
  readonly traced: readonly Opened[];
  /** bytes that a layer may hold */
  readonly mostBytes: number;
}

export interface Collected {
  readonly selection: Selection;
  /** a process for each program, those among the data included, by its resolved path */
  readonly processes: ReadonlyMap<string, Process>;
  /** bytes of the largest package that joined as an add-on, 0 for none */
  readonly largestAddOn: number;
  /** what people have to be told */
  readonly notices: ReadonlySet<string>;
  /** files that start commands */
  readonly starting: ReadonlySet<string>;
  /** programs that others start by their bare names: name → program */
  readonly commands: ReadonlyMap<string, Program>;
  /** files that put paths together when they run → the directories that these may lead to: see prefix.ts */
  readonly prefixed: ReadonlyMap<string, readonly string[]>;
}

/** Source packages of the C libraries. */
const LIBCS = ['glibc', 'musl'];
export function collect(programs: readonly Program[], options: CollectOptions): Collected {
  let collected = collectWithin(BOUNDS[0], programs, options);
  for (const bounds of BOUNDS.slice(1)) {
    if (sizeOf(collected, options) <= FULL * options.mostBytes) break;
    const isLess = typeof bounds.addOns === 'string' || bounds.addOns < collected.largestAddOn;
    if (isLess) collected = collectWithin(bounds, programs, options);
  }
  return collected;
}

function sizeOf({ selection }: Collected, { root }: CollectOptions): number {
  return [...selection.files.keys()].reduce((sum, real) => sum + root.status(real)!.size, 0);
}

function collectWithin(bounds: Bounds, programs: readonly Program[], options: CollectOptions): Collected {
  const collector = new Collector(bounds, options);
  for (const program of programs) collector.program(program);
  for (const wanted of options.include) collector.include(wanted);
  collector.trace(options.traced);
  return collector.follow();
}

class Collector {
  private readonly selection: Selection;
  private readonly belonging: Belonging;
  private readonly processes: Processes;
  private readonly followed = new Set<string>();
  private readonly commands: Commands;
  private readonly notices = new Set<string>();
  private isDeveloper = false;

  constructor(private readonly bounds: Bounds, private readonly options: CollectOptions) {
    this.selection = new Selection(options.root, options.excluded);
    this.belonging = new Belonging(options.packages, options.root, bounds.addOns);
    this.processes = new Processes(options, this.selection, this.belonging);
    this.commands = new Commands(options, this.belonging);
  }

  /**
   * A program that was asked for, or that one starts.
   *
   * @param isRequired whether it does not run without what its package has
   */
  public program(program: Program, why: Why = { reason: 'asked for' }, isRequired = true): void {
    const { real, elf, interpreter } = program;
    if (why.through === undefined) this.commands.asked.add(real);
    this.selection.addFile(program.path, why);
    // what is not asked for, and what nobody says that it needs, is taken by itself: what it mentions is bounded then
    const owners = this.options.detectData ? this.commands.ownersOf(program.path).filter((owner) => isRequired || this.belonging.needs(owner)) : [];
    const adopted = owners.flatMap((owner) => this.belonging.adopt(owner));
    if (why.through === undefined && elf) for (const owner of adopted) this.belonging.hosts.add(owner);
    if (elf) this.processes.start(real, elf);
    if (interpreter) this.program(interpreter.program, { reason: `interpreter of ${path.posix.basename(real)}`, through: real }, isRequired);
    this.processes.enqueue(real, this.processes.byProgram.get(real));
    for (const owner of adopted) this.takeData(owner, real);
    if (!interpreter) return;
    const interpreters = new Set(this.commands.ownersOf(interpreter.program.path).map(({ source }) => source));
    for (const owner of owners) this.modules(owner, interpreters, real);
  }

  /** A file or directory that the user names. */
  public include(wanted: string): void {
    const [process] = this.processes.byProgram.values();
    for (const real of this.selection.include(wanted, { reason: 'included' })) this.processes.take(real, process);
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
    if (isMachineSpecific(file)) {
      this.leaveOut(file, `${why.reason}${by === undefined ? '' : ` by ${by}`}, but belongs to the host: name it in include if it is needed`);
      return;
    }
    const process = this.processes.byProgram.get(this.started(by) ?? '') ?? this.processes.byProgram.values().next().value;
    // Python opens the bytecode of a module, and looks only at the time and size of its source
    const files = [file, sourceOfBytecode(file)].filter((one) => one !== undefined && root.isFile(one)) as string[];
    for (const real of files.flatMap((one) => this.selection.add(one, why))) {
      this.processes.take(real, process);
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

  /** Follows what files mention to the fixed point. */
  public follow(): Collected {
    const { root, packages, detectData } = this.options;
    const { byName, starting } = this.commands;
    const collected = { selection: this.selection, processes: this.processes.byProgram, commands: byName, starting, notices: this.notices };
    if (!detectData) return { ...collected, prefixed: new Map(), largestAddOn: 0 };
    for (let next = this.processes.next(); next; next = this.processes.next()) {
      this.mentions(next);
      this.starts(next.real);
    }
    leaveOutStaleBytecode(root, this.selection);
    const found = prefixed(root, this.selection, packages, this.belonging);
    addLicences(this.selection, packages);
    return { ...collected, prefixed: found, largestAddOn: this.belonging.largestAddOn };
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

  private leaveOut(wanted: string, why: string): void {
    this.selection.skipped.set(wanted, why);
  }

  /** The data of a program's own package, and the add-ons in the directories of that. */
  private takeData(owner: Package, through: string): void {
    const process = this.processes.byProgram.get(through) ?? [...this.processes.byProgram.values()].at(-1);
    const why = { reason: `of package ${owner.name}`, through };
    const added = this.belonging.data(owner).flatMap((real) => this.selection.add(real, why, () => false)); // what a link leads to has an owner of its own
    const isAddOn = (real: string) => !isAside(real) && !isForLinking(real) && this.belonging.isAddOn(real, owner);
    for (const directory of this.belonging.directoriesOf(owner)) {
      added.push(...this.selection.add(directory, { reason: `in a directory of package ${owner.name}`, through }, isAddOn));
    }
    for (const real of added) this.processes.take(real, process);
  }

  private mentions({ real: file, process }: Pending): void {
    const owner = this.options.packages.ownerOf(file);
    if (LIBCS.includes(owner?.source ?? '') || this.isLoader(file) || isDocumentation(file)) return; // of libc's own, see opened-by-glibc.ts and opened-by-musl.ts
    const { root } = this.options;
    const { mentions } = root.content(file);
    if (owner) this.develops(file, owner);
    for (const wanted of behindPrefix(file, owner, root, this.belonging)) this.mention(wanted, file, owner, process);
    for (const mentioned of mentions.flatMap((mention) => (mention.code ? this.completions(mention.path, mention.code) : [mention.path]))) {
      const wanted = path.posix.normalize(mentioned).replace(/(?<=.)\/$/, '');
      const key = `${owner?.name ?? file} ${wanted}`;
      if (this.followed.has(key)) continue;
      this.followed.add(key);
      if (isMachineSpecific(wanted)) this.notLookedInto(wanted, file);
      else if (!isStandardDirectory(wanted) && !isAside(`${wanted}/`)) this.mention(wanted, file, owner, process);
    }
  }

  /** A program in a home directory may have been installed there with its data, as an interpreter with its modules. */
  private notLookedInto(wanted: string, file: string): void {
    const { root } = this.options;
    const prefix = path.posix.dirname(path.posix.dirname(file));
    if (!this.commands.asked.has(file) || !isMachineSpecific(prefix) || !`${wanted}/`.startsWith(`${prefix}/`) || root.real(wanted) === undefined) return;
    this.notices.add(`${file} names paths below ${prefix}, as ${wanted}, and nothing is looked for there: name what it needs in include, or take a program that a package has installed`);
  }

  /** Commands that a file starts by their bare names: they join, and are put where PATH leads. */
  private starts(file: string): void {
    for (const [name, found] of this.commands.startedBy(file)) if (!this.commands.byName.has(name)) this.start(name, found, file);
  }

  private start(name: string, found: string, file: string): void {
    const { root, searchPath } = this.options;
    const real = root.real(found)!;
    let problem = `started by ${file}, but ${this.options.excluded(real) ? EXCLUDED : 'not readable by everybody'}`;
    const good = root.isPublic(real) && !this.options.excluded(real) && this.processes.attempt(undefined, () => {
      try {
        const program = findProgram(root, found, searchPath, '/');
        const interpreters = program.interpreter ? this.commands.ownersOf(program.interpreter.program.path) : [];
        if (interpreters.some((one) => !one.isEssential && !this.belonging.needs(one))) {
          problem = `started by ${file}, but whose interpreter ${program.interpreter!.program.path} no package needs`;
          return false;
        }
        this.program(program, { reason: `started by ${path.posix.basename(file)}`, through: file }, this.commands.isUsersScript(file));
        this.commands.byName.set(name, program);
        return true;
      } catch (error) {
        problem = `started by ${file}, but ${(error as Error).message.split('\n')[0]}`;
        return false;
      }
    });
    if (!good) this.leaveOut(found, problem);
  }

  /** A program that names the directory of headers compiles. */
  private develops(file: string, owner: Package): void {
    if (this.isDeveloper || !this.belonging.own.has(owner) || this.options.root.content(file).kind !== 'elf') return;
    if (!this.options.root.content(file).mentions.some((mention) => mention.path.replace(/\/$/, '') === HEADERS)) return;
    this.isDeveloper = true;
    for (const { owner: other, files } of this.belonging.development()) {
      const why: Why = { reason: `for compiling, of package ${other.name}`, through: file };
      for (const real of files) for (const added of this.selection.add(real, why)) this.processes.enqueue(added, undefined);
    }
  }

  private isLoader(real: string): boolean {
    return [...this.processes.byProgram.values()].some(({ interpreter }) => interpreter?.real === real);
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
      if (this.isCommand(real)) this.named(candidate, real, file);
      else if (this.belonging.goesWith(candidate, real, owner)) this.bounded(candidate, why, owner, process);
      else if (!this.selection.files.has(real)) this.leaveOut(candidate, `mentioned in ${file}, whose package neither has it nor depends on one that does`);
    }
  }

  private isCommand(real: string): boolean {
    return isCommandDirectory(path.posix.dirname(real)) && this.options.root.status(real)?.type === 'file';
  }

  /** A command that a file names by its path. */
  private named(candidate: string, real: string, file: string): void {
    if (this.selection.files.has(real)) return;
    const may = this.commands.mayStart(file);
    const isNeeded = this.commands.ownersOf(candidate).some((one) => this.belonging.own.has(one) || may?.(one));
    if (isNeeded) this.start(path.posix.basename(candidate), candidate, file);
    else this.leaveOut(candidate, `a command that ${file} names, of no package that this one needs: name it in include, or among the binaries`);
  }

  /** Adds what is mentioned, unless it is out of proportion. */
  private bounded(candidate: string, why: Why, owner: Package | undefined, process: Process | undefined): void {
    const { root, packages } = this.options;
    const real = root.real(candidate)!;
    const whole = packages.isSole(real) ? packages.ownerOf(real) : undefined;
    const goesWith = (child: string) => this.belonging.goesWith(child, child, owner) || (whole !== undefined && packages.ownerOf(child) === whole);
    const accept = (child: string) => !isAside(child) && !isForLinking(child) && goesWith(child);
    const isOthers = owner !== undefined && !this.belonging.own.has(owner);
    const isFamily = owner !== undefined && packages.builtFrom(owner.source).some((one) => packages.lists(one, real));
    const bounds = isOthers ? this.bounds[isFamily ? 'family' : 'others'] : this.belonging.isOnlyRecommended(real) ? RECOMMENDED : undefined;
    const bytes = { data: 0, plugIns: 0 };
    const good = this.processes.attempt(process, () => {
      const before = this.selection.files.size;
      for (const added of this.selection.add(candidate, why, accept)) this.processes.take(added, process);
      for (const file of [...this.selection.files.keys()].slice(before)) {
        bytes[this.isPlugIn(file) ? 'plugIns' : 'data'] += root.status(file)!.size;
      }
      return !bounds || (bytes.data <= bounds.data && bytes.plugIns <= bounds.plugIns);
    });
    if (good) return;
    const megabytes = Math.round((bytes.data + bytes.plugIns) / 1e6);
    this.leaveOut(candidate, `${why.reason}, but would bring ${megabytes} MB: name it in include if it is needed`);
  }

  /** Objects that need no library, and that none needs, are data: Guile's compiled modules, say. */
  private isPlugIn(file: string): boolean {
    const { elf } = this.options.root.content(file);
    if (elf === undefined || elf instanceof FormatError || !elf.dynamic) return false;
    return elf.dynamic.needed.length > 0 || elf.dynamic.soname !== undefined;
  }

  /** `/usr/share/misc/magic` stands for `magic.mgc` as well. */
  private siblings(wanted: string): string[] {
    const parent = this.options.root.real(path.posix.dirname(wanted));
    if (parent === undefined) return [];
    const prefix = `${path.posix.basename(wanted)}.`;
    return this.options.root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
  }
}
