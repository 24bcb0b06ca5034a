/**
 * Reads logs of strace: which files were opened, executed, looked for or listed, and by which program.
 *
 * A relative name starts from the working directory of its process, or from a file descriptor: both are tracked from call to
 * call and from parent to child. A renamed file is reported under its new name.
 */
import { type Argument, type Call, LineReader } from './call';
import { LayerError } from '../error';

/** A text that is not a log of strace. */
export class TraceLogError extends LayerError {}

/** A file that was opened or executed. */
export interface Opened {
  /** absolute, as the call names it: links are not resolved */
  readonly path: string;
  /** path of the program that opened it; none for the shell of a trace command */
  readonly by?: string;
}

export interface Trace {
  /** files that were opened for reading or executed, sorted by path, each once */
  readonly opened: readonly Opened[];
  /** paths whose status was read, and paths that could not be opened, executed or entered, sorted */
  readonly looked: readonly string[];
  /** directories whose entries were read, sorted */
  readonly listed: readonly string[];
}

/** The state of a process. Threads share those parts that the flags of `clone` name. */
interface Situation {
  readonly directory: { cwd: string };
  readonly descriptors: Map<number, string>;
  program?: string;
}

const looking = (at: number, ...names: readonly string[]) => Object.fromEntries(names.map((name) => [name, { at, kind: 'look' as const }]));
/** Calls that name a file, with the position of the name. If it is not the first argument, a file descriptor precedes it. */
const NAMING: Readonly<Record<string, { at: number; kind: 'open' | 'execute' | 'look' | 'enter' }>> = {
  open: { at: 0, kind: 'open' },
  openat: { at: 1, kind: 'open' },
  openat2: { at: 1, kind: 'open' },
  creat: { at: 0, kind: 'open' },
  execve: { at: 0, kind: 'execute' },
  execveat: { at: 1, kind: 'execute' },
  chdir: { at: 0, kind: 'enter' },
  ...looking(0, 'stat', 'stat64', 'lstat', 'lstat64', 'access', 'readlink'),
  ...looking(1, 'newfstatat', 'fstatat64', 'statx', 'faccessat', 'faccessat2', 'readlinkat'),
};
const BIRTHS = new Set(['fork', 'vfork', 'clone', 'clone3']);
const DUPLICATING = new Set(['dup', 'dup2', 'dup3', 'fcntl']);
const LISTING = new Set(['getdents', 'getdents64']);
const RENAMING = new Set(['rename', 'renameat', 'renameat2']);

/** The system calls to log, for strace's option `-e trace=`. `?` permits calls that an architecture does not have. */
export const CALLS = [...Object.keys(NAMING), ...BIRTHS, ...RENAMING, ...LISTING, 'fchdir'].map((name) => `?${name}`).join(',');

/**
 * Reads the log of a user's own `strace -f -o LOG COMMAND`, with any options.
 *
 * @param cwd the initial working directory
 * @throws TraceLogError if the text is not a log of strace
 */
export function readTraceLog(text: string, cwd: string): Trace {
  const log = new Log(cwd);
  for (const line of Buffer.from(text).toString('latin1').split('\n')) log.add(line);
  if (!log.isLog) {
    throw new TraceLogError('this is not a log of strace: found no system call in it, expected what strace -f -o LOG COMMAND writes');
  }
  return log.trace();
}

/** One log, line by line. */
export class Log {
  /** whether the log has a system call */
  public isLog = false;
  /** whether a process has entered the directory `from`; always true without `from` */
  public hasBegun: boolean;
  private readonly reader = new LineReader();
  private readonly situations = new Map<string, Situation>();
  /** processes that are starting another one: they have made one of the calls in `BIRTHS`, and it has not returned yet */
  private readonly bearing = new Set<string>();
  private latest: Situation;
  private opened = new Map<string, Opened>();
  private readonly looked = new Set<string>();
  private readonly listed = new Set<string>();
  /** known paths and the directories above them: renaming any other path changes nothing */
  private readonly ancestors = new Set<string>();

  /**
   * @param cwd the initial working directory
   * @param from a directory: calls are ignored until a process enters it @default - no call is ignored
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
   * An unknown process is assumed to be the child of a process that is starting one, or else of the process in the previous line. This
   * is a guess: if the parent is in another PID namespace than strace, the result of the parent's call does not identify the child.
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

  /** Renames known files, working directories and descriptors at the path or below it. */
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
    for (const known of [...this.opened.values()]) {
      const path = moved(known.path);
      if (path === known.path) continue;
      this.opened.delete(known.path);
      if (!this.opened.has(path)) this.opened.set(path, { ...known, path });
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

/** Removes empty components and `.`. `..` stays: the component before it may be a link. */
function plain(path: string): string {
  return `/${path.split('/').filter((part) => part !== '' && part !== '.').join('/')}`;
}
