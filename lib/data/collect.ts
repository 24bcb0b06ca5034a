/**
 * Everything that programs need to run: their closures, and what no DT_NEEDED names.
 *
 * Data is found by the program's own package and by the paths that files mention, as far as the package
 * database says that the mentioned thing goes with the file that mentions it; what is found mentions more,
 * to the fixed point.
 */
import * as path from 'path';
import { HEADERS, isAside, isDocumentation, isForLinking } from './aside';
import { Belonging } from './belonging';
import { sourceOfBytecode } from './bytecode';
import { startedIn } from './commands';
import { addLicences, leaveOutStaleBytecode, prefixed } from './complete';
import { Excerpt, EXCLUDED, isTheHosts, Why } from './excerpt';
import { Package } from './packages';
import { Pending, Processes, ProcessesOptions } from './processes';
import { Opened } from './trace';
import { Process } from '../closure/closure';
import { findProgram, Program } from '../closure/find';
import { readShebang } from '../closure/script';
import { FormatError, isProgram } from '../elf';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

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
  readonly excerpt: Excerpt;
  /** a process for each program, those among the data included, by its resolved path */
  readonly processes: ReadonlyMap<string, Process>;
  /** programs that others start by their bare names: name → program */
  readonly commands: ReadonlyMap<string, Program>;
  /** files that put paths together when they run → the directories that these may lead to: see `prefixed` in complete.ts */
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
/** Source packages of the C libraries. */
const LIBCS = ['glibc', 'musl'];
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
  const bytes = [...generous.excerpt.files.keys()].reduce((sum, real) => sum + options.root.status(real)!.size, 0);
  return bytes <= FULL * options.mostBytes ? generous : collectWithin(TIGHT, programs, options);
}

function collectWithin(bounds: Bounds, programs: readonly Program[], options: CollectOptions): Collected {
  const collector = new Collector(bounds, options);
  for (const program of programs) collector.program(program);
  for (const wanted of options.include) collector.include(wanted);
  collector.trace(options.traced);
  return collector.follow();
}

class Collector {
  private readonly excerpt: Excerpt;
  private readonly belonging: Belonging;
  private readonly processes: Processes;
  private readonly followed = new Set<string>();
  private readonly asked = new Set<string>();
  private readonly commands = new Map<string, Program>();
  private isDeveloper = false;
  private onPath?: ReadonlyMap<string, string>;

  constructor(private readonly bounds: Bounds, private readonly options: CollectOptions) {
    this.excerpt = new Excerpt(options.root, options.excluded);
    this.belonging = new Belonging(options.packages, options.root);
    this.processes = new Processes(options, this.excerpt, this.belonging);
  }

  /**
   * A program that was asked for, or that one starts.
   *
   * @param isRequired whether it does not run without what its package has
   */
  public program(program: Program, why: Why = { reason: 'asked for' }, isRequired = true): void {
    const { real, elf, interpreter } = program;
    if (why.through === undefined) this.asked.add(real);
    this.excerpt.addFile(program.path, why);
    // what is not asked for, and what nobody says that it needs, is taken by itself: what it mentions is bounded then
    const owners = this.options.detectData ? this.ownersOf(program).filter((owner) => isRequired || this.belonging.needs(owner)) : [];
    const adopted = owners.flatMap((owner) => this.belonging.adopt(owner));
    if (elf) this.processes.start(real, elf);
    if (interpreter) this.program(interpreter.program, { reason: `interpreter of ${path.posix.basename(real)}`, through: real }, isRequired);
    this.processes.enqueue(real, this.processes.byProgram.get(real));
    for (const owner of adopted) this.takeData(owner, real);
    if (interpreter) for (const owner of owners) this.modules(owner, new Set(this.ownersOf(interpreter.program).map(({ source }) => source)), real);
  }

  /** A file or directory that the user names. */
  public include(wanted: string): void {
    const [process] = this.processes.byProgram.values();
    for (const real of this.excerpt.include(wanted, { reason: 'included' })) this.processes.take(real, process);
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
    const process = this.processes.byProgram.get(this.started(by) ?? '') ?? this.processes.byProgram.values().next().value;
    // Python opens the bytecode of a module, and looks only at the time and size of its source
    const files = [file, sourceOfBytecode(file)].filter((one) => one !== undefined && root.isFile(one)) as string[];
    for (const real of files.flatMap((one) => this.excerpt.add(one, why))) {
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
    const collected = { excerpt: this.excerpt, processes: this.processes.byProgram, commands: this.commands };
    if (!detectData) return { ...collected, prefixed: new Map() };
    for (let next = this.processes.next(); next; next = this.processes.next()) {
      this.mentions(next);
      this.starts(next.real);
    }
    leaveOutStaleBytecode(root, this.excerpt);
    const found = prefixed(root, this.excerpt, packages, this.belonging);
    addLicences(this.excerpt, packages);
    return { ...collected, prefixed: found };
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

  private leaveOut(wanted: string, why: string): void {
    this.excerpt.leftOut.set(wanted, why);
  }

  /** The data of a program's own package, and the add-ons in the directories of that. */
  private takeData(owner: Package, through: string): void {
    const process = this.processes.byProgram.get(through) ?? [...this.processes.byProgram.values()].at(-1);
    const why = { reason: `of package ${owner.name}`, through };
    const added = this.belonging.data(owner).flatMap((real) => this.excerpt.add(real, why, () => false)); // what a link leads to has an owner of its own
    const isAddOn = (real: string) => !isAside(real) && !isForLinking(real) && this.belonging.isAddOn(real, owner, this.bounds.addOns);
    for (const directory of this.belonging.directoriesOf(owner)) {
      added.push(...this.excerpt.add(directory, { reason: `in a directory of package ${owner.name}`, through }, isAddOn));
    }
    for (const real of added) this.processes.take(real, process);
  }

  private mentions({ real: file, process }: Pending): void {
    const owner = this.options.packages.ownerOf(file);
    if (LIBCS.includes(owner?.source ?? '') || this.isLoader(file) || isDocumentation(file)) return; // of libc's own, see glibc.ts and musl.ts
    const { mentions } = this.options.root.content(file);
    if (owner) this.develops(file, owner);
    for (const mentioned of mentions.flatMap((mention) => (mention.code ? this.completions(mention.path, mention.code) : [mention.path]))) {
      const wanted = path.posix.normalize(mentioned).replace(/(?<=.)\/$/, '');
      const key = `${owner?.name ?? file} ${wanted}`;
      if (this.followed.has(key)) continue;
      this.followed.add(key);
      if (!isTheHosts(wanted) && !isStandardDirectory(wanted) && !isAside(`${wanted}/`)) this.mention(wanted, file, owner, process);
    }
  }

  /** Commands that a file starts by their bare names: they join, and are put where PATH leads. */
  private starts(file: string): void {
    const { root } = this.options;
    const may = this.mayStart(file);
    if (!may) return;
    for (const word of startedIn(file, root.content(file), () => root.read(file))) {
      const found = this.commandsOnPath().get(word);
      if (found === undefined || this.commands.has(word) || !root.isFile(found)) continue;
      const owners = [found, root.real(found)!].map((one) => this.options.packages.ownerOf(one));
      if (owners.some((one) => one && may(one))) this.start(word, found, file);
    }
  }

  /**
   * Of which packages a file may start commands: a word is a weak sign by itself.
   *
   * @returns `undefined` for none
   */
  private mayStart(file: string): ((owner: Package) => boolean) | undefined {
    const { packages, root } = this.options;
    const owner = packages.ownerOf(file);
    if (isDocumentation(file)) return undefined;
    const { kind, elf } = root.content(file);
    const isProgramItself = kind === 'script' ? (root.status(file)!.mode & 0o111) !== 0 : elf !== undefined && !(elf instanceof FormatError) && isProgram(elf);
    if (!isProgramItself && kind !== 'text') return undefined;
    // a script of the user's own says nowhere what it needs
    if (owner === undefined) return this.asked.has(file) && kind === 'script' ? (one) => !one.isEssential : undefined;
    if (!this.belonging.isFamily(owner)) return undefined;
    return isProgramItself ? (one) => this.belonging.needs(one) || this.belonging.isFamily(one) : (one) => this.belonging.isFamily(one);
  }

  private start(name: string, found: string, file: string): void {
    const { root, searchPath } = this.options;
    const real = root.real(found)!;
    let problem = `started by ${file}, but ${this.options.excluded(real) ? EXCLUDED : 'not readable by everybody'}`;
    const good = root.isPublic(real) && !this.options.excluded(real) && this.processes.attempt(undefined, () => {
      try {
        const program = findProgram(root, found, searchPath, '/');
        const interpreters = program.interpreter ? this.ownersOf(program.interpreter.program) : [];
        if (interpreters.some((one) => !one.isEssential && !this.belonging.needs(one))) {
          problem = `started by ${file}, but whose interpreter ${program.interpreter!.program.path} no package needs`;
          return false;
        }
        this.program(program, { reason: `started by ${path.posix.basename(file)}`, through: file }, this.asked.has(file) && this.options.packages.ownerOf(file) === undefined);
        this.commands.set(name, program);
        return true;
      } catch (error) {
        problem = `started by ${file}, but ${(error as Error).message.split('\n')[0]}`;
        return false;
      }
    });
    if (!good) this.leaveOut(found, problem);
  }

  /** The commands in the directories of PATH that packages install them into. */
  private commandsOnPath(): ReadonlyMap<string, string> {
    if (!this.onPath) {
      const { root, searchPath } = this.options;
      const found = new Map<string, string>();
      const directories = new Set(searchPath.filter(isCommandDirectory).map((one) => root.real(one)).filter((one) => one !== undefined));
      for (const directory of directories) {
        for (const name of root.names(directory)) if (!found.has(name)) found.set(name, path.posix.join(directory, name));
      }
      this.onPath = found;
    }
    return this.onPath;
  }

  /** A program that names the directory of headers compiles. */
  private develops(file: string, owner: Package): void {
    if (this.isDeveloper || !this.belonging.own.has(owner) || this.options.root.content(file).kind !== 'elf') return;
    if (!this.options.root.content(file).mentions.some((mention) => mention.path.replace(/\/$/, '') === HEADERS)) return;
    this.isDeveloper = true;
    for (const { owner: other, files } of this.belonging.development()) {
      const why: Why = { reason: `for compiling, of package ${other.name}`, through: file };
      for (const real of files) for (const added of this.excerpt.add(real, why)) this.processes.enqueue(added, undefined);
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
    const bytes = { data: 0, plugIns: 0 };
    const good = this.processes.attempt(process, () => {
      const before = this.excerpt.files.size;
      for (const added of this.excerpt.add(candidate, why, accept)) this.processes.take(added, process);
      for (const file of [...this.excerpt.files.keys()].slice(before)) {
        bytes[root.content(file).kind === 'elf' ? 'plugIns' : 'data'] += root.status(file)!.size;
      }
      return !bounds || (bytes.data <= bounds.data && bytes.plugIns <= bounds.plugIns);
    });
    if (good) return;
    const megabytes = Math.round((bytes.data + bytes.plugIns) / 1e6);
    this.leaveOut(candidate, `${why.reason}, but would bring ${megabytes} MB: name it in include if it is needed`);
  }

  /** `/usr/share/misc/magic` stands for `magic.mgc` as well. */
  private siblings(wanted: string): string[] {
    const parent = this.options.root.real(path.posix.dirname(wanted));
    if (parent === undefined) return [];
    const prefix = `${path.posix.basename(wanted)}.`;
    return this.options.root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
  }
}
