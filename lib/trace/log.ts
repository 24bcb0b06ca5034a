/**
 * Reads logs of strace: which files were opened, executed, looked for or listed, and by which program.
 *
 * A relative name counts from the working directory of its process, or from a descriptor: both are followed from call to
 * call and from parent to child. A file that is renamed is told by its last name.
 */
import { Argument, Call, LineReader } from './call';
import { LayerError } from '../error';

/** A text that is not a log of strace. */
export class TraceLogError extends LayerError {}

/** A file that was opened or executed. */
export interface Opened {
  /** absolute, as it was named: links are not resolved */
  readonly path: string;
  /** the program that did, as it was named when it was executed itself; none for the shell of a trace command */
  readonly by?: string;
}

export interface Trace {
  /** files that were opened for reading or executed, sorted by path, each once */
  readonly opened: readonly Opened[];
  /** paths whose status was asked for, and those that could not be opened or executed, sorted */
  readonly looked: readonly string[];
  /** directories whose names were read, sorted */
  readonly listed: readonly string[];
}

/** What a process has, and shares with its threads: the parts of it that `clone` names. */
interface Situation {
  readonly directory: { cwd: string };
  readonly descriptors: Map<number, string>;
  program?: string;
}

/** Calls that name a file, by the place of its name. One that has a descriptor before it counts from that. */
const NAMING: Readonly<Record<string, { at: number; kind: 'open' | 'execute' | 'look' | 'enter' }>> = {
  open: { at: 0, kind: 'open' },
  openat: { at: 1, kind: 'open' },
  openat2: { at: 1, kind: 'open' },
  creat: { at: 0, kind: 'open' },
  execve: { at: 0, kind: 'execute' },
  execveat: { at: 1, kind: 'execute' },
  chdir: { at: 0, kind: 'enter' },
  ...Object.fromEntries(['stat', 'stat64', 'lstat', 'lstat64', 'access', 'readlink'].map((name) => [name, { at: 0, kind: 'look' as const }])),
  ...Object.fromEntries(['newfstatat', 'fstatat64', 'statx', 'faccessat', 'faccessat2', 'readlinkat'].map((name) => [name, { at: 1, kind: 'look' as const }])),
};
const BIRTHS = new Set(['fork', 'vfork', 'clone', 'clone3']);
const DUPLICATING = new Set(['dup', 'dup2', 'dup3', 'fcntl']);
const LISTING = new Set(['getdents', 'getdents64']);
const RENAMING = new Set(['rename', 'renameat', 'renameat2']);

/** The system calls that are read, as strace's option `-e trace=` takes them: a `?` is for those that not every architecture has. */
export const CALLS = [...Object.keys(NAMING), ...BIRTHS, ...RENAMING, ...LISTING, 'fchdir'].map((name) => `?${name}`).join(',');

/**
 * Reads a log that someone else's strace wrote, `strace -f -o LOG COMMAND`, with any options.
 *
 * @param cwd what relative names count from at first
 * @throws TraceLogError where it is not a log of strace
 */
export function readTraceLog(text: string, cwd: string): Trace {
  const log = new Log(cwd);
  for (const line of Buffer.from(text).toString('latin1').split('\n')) log.add(line);
  if (!log.isLog) throw new TraceLogError('this is not a log of strace: found no system call in it, expected what strace -f -o LOG COMMAND writes');
  return log.trace();
}

/** One log, line by line. */
export class Log {
  /** whether there was a system call in it */
  public isLog = false;
  /** whether what counts has begun */
  public hasBegun: boolean;
  private readonly reader = new LineReader();
  private readonly situations = new Map<string, Situation>();
  /** processes that are in a call that makes another one */
  private readonly bearing = new Set<string>();
  private latest: Situation;
  private opened = new Map<string, Opened>();
  private readonly looked = new Set<string>();
  private readonly listed = new Set<string>();
  /** the paths that are known, and the directories that they are in: the rename of any other changes nothing */
  private readonly ancestors = new Set<string>();

  /**
   * @param cwd what relative names count from at first
   * @param from a directory: nothing counts until a process enters it @default - everything counts
   */
  constructor(cwd: string, private readonly from?: string) {
    this.latest = { directory: { cwd }, descriptors: new Map() };
    this.hasBegun = from === undefined;
  }

  /** @param line as Latin-1 */
  public add(line: string): void {
    const read = this.reader.read(line);
    if (!read) return;
    const { process, call, isUnfinished } = read;
    const situation = this.situationOf(process);
    this.latest = situation;
    if (BIRTHS.has(call.name)) {
      this.addBirth(process, situation, call, isUnfinished);
    } else if (!isUnfinished && call.result !== undefined) {
      this.isLog = true;
      this.follow(situation, call);
    }
  }

  public trace(): Trace {
    const opened = [...this.opened.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
    return { opened, looked: [...this.looked].sort(), listed: [...this.listed].sort() };
  }

  /**
   * A process that no call was seen to make is that of one that is about to, or of the one that was last at work: in a
   * namespace of its own it has another number there, by which its parent knows it.
   */
  private situationOf(process: string): Situation {
    let situation = this.situations.get(process);
    if (!situation) {
      const parent = [...this.bearing].at(-1);
      situation = copy(parent === undefined ? this.latest : this.situations.get(parent)!);
      this.situations.set(process, situation);
    }
    return situation;
  }

  private addBirth(process: string, situation: Situation, { args, result }: Call, isUnfinished: boolean): void {
    if (isUnfinished) {
      this.bearing.add(process);
      return;
    }
    this.bearing.delete(process);
    if (result === undefined) return;
    this.isLog = true;
    const child = String(result);
    if (result <= 0) return;
    const flags = args.map(({ raw }) => raw).join();
    const { directory, descriptors, program } = situation;
    const known = this.situations.get(child);
    if (known && !flags.includes('CLONE_FS')) return;
    this.situations.set(child, {
      directory: flags.includes('CLONE_FS') ? directory : { ...directory },
      descriptors: flags.includes('CLONE_FILES') ? descriptors : new Map(descriptors),
      program: known?.program ?? program,
    });
  }

  private follow(situation: Situation, call: Call): void {
    const { name, args, result } = call as Call & { readonly result: number };
    const { directory, descriptors } = situation;
    const isDone = result >= 0;
    if (Object.hasOwn(NAMING, name)) {
      const { at, kind } = NAMING[name];
      const path = pathOf(situation, at === 0 ? undefined : args[at - 1], args[at]);
      if (path === undefined) return;
      if (!isDone || kind === 'look') {
        if (this.hasBegun) this.looked.add(path);
        return;
      }
      this.addAncestors(path);
      if (kind === 'enter') {
        this.enter(situation, path);
        return;
      }
      const isWritten = name === 'creat' || args.some(({ raw }) => raw.includes('O_WRONLY'));
      if (this.hasBegun && !isWritten && !this.opened.has(path)) this.opened.set(path, { path, by: situation.program });
      if (kind === 'execute') situation.program = path;
      else descriptors.set(result, path);
    } else if (!isDone) {
      return;
    } else if (name === 'fchdir') {
      const path = pathOfDescriptor(situation, args[0]);
      if (path !== undefined) directory.cwd = path;
    } else if (DUPLICATING.has(name)) {
      const path = pathOfDescriptor(situation, args[0]);
      if (path !== undefined && (name !== 'fcntl' || args[1]?.raw.startsWith('F_DUPFD'))) descriptors.set(result, path);
    } else if (LISTING.has(name)) {
      const path = pathOfDescriptor(situation, args[0]);
      if (path !== undefined && this.hasBegun) this.listed.add(path);
    } else if (RENAMING.has(name)) {
      const [from, to] = name === 'rename' ? [pathOf(situation, undefined, args[0]), pathOf(situation, undefined, args[1])] :
        [pathOf(situation, args[0], args[1]), pathOf(situation, args[2], args[3])];
      if (from !== undefined && to !== undefined) this.rename(from, to);
    }
  }

  private enter(situation: Situation, path: string): void {
    situation.directory.cwd = path;
    if (this.hasBegun || path !== this.from) return;
    this.hasBegun = true;
    situation.program = undefined;
  }

  private addAncestors(path: string): void {
    for (let at = path; at !== '' && !this.ancestors.has(at); at = at.slice(0, at.lastIndexOf('/'))) this.ancestors.add(at);
  }

  /** Everything that is known by the old name, or lies below it, has the new one. */
  private rename(from: string, to: string): void {
    const file = this.opened.get(from);
    if (file) {
      this.opened.delete(from);
      this.opened.set(to, { ...file, path: to });
    }
    if (!this.ancestors.has(from)) return;
    this.addAncestors(to);
    const moved = (path: string) => (path === from ? to : path.startsWith(`${from}/`) ? to + path.slice(from.length) : path);
    for (const { directory, descriptors } of this.situations.values()) {
      directory.cwd = moved(directory.cwd);
      for (const [descriptor, path] of descriptors) descriptors.set(descriptor, moved(path));
    }
    for (const one of [...this.opened.values()]) {
      const path = moved(one.path);
      if (path === one.path) continue;
      this.opened.delete(one.path);
      if (!this.opened.has(path)) this.opened.set(path, { ...one, path });
    }
  }
}

function copy({ directory, descriptors, program }: Situation): Situation {
  return { directory: { ...directory }, descriptors: new Map(descriptors), program };
}

function pathOfDescriptor({ directory, descriptors }: Situation, argument: Argument | undefined): string | undefined {
  const { descriptor, path } = argument ?? {};
  if (path?.startsWith('/')) return path;
  return descriptor === 'cwd' ? directory.cwd : descriptor === undefined ? undefined : descriptors.get(descriptor);
}

/** The path that a call names; an empty name is the descriptor's own file (AT_EMPTY_PATH). */
function pathOf(situation: Situation, from: Argument | undefined, named: Argument | undefined): string | undefined {
  const name = named?.text;
  if (name === undefined) return undefined;
  if (name.startsWith('/')) return plain(name);
  const base = from === undefined ? situation.directory.cwd : pathOfDescriptor(situation, from);
  if (base === undefined) return undefined;
  return name === '' ? base : plain(`${base}/${name}`);
}

/** Without empty parts and `.`; `..` counts from where a link leads, which is not known here. */
function plain(path: string): string {
  return `/${path.split('/').filter((part) => part !== '' && part !== '.').join('/')}`;
}
