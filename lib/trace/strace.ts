/**
 * What command lines of the user's open and execute: strace runs each, and the files are read off what it writes.
 *
 * strace is told to write a file for each process (`-ff`), so that no line interrupts another; to write names in
 * hexadecimal (`-xx`), so that none can be taken for the end of a string or of a line; and to add to each descriptor the
 * path that it stands for (`-y`). A relative name counts from the working directory of its process, which is followed
 * from parent to child.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as execa from 'execa';
import { howItEnded, lastLines, MOST_OUTPUT } from '../process/command';

/** A command line that could not be traced to a good end. */
export class TraceError extends Error {}

/** A file that was opened or executed. */
export interface Opened {
  /** as it was named, links not resolved */
  readonly path: string;
  /** the program that did, as it was named when it was executed itself; the shell of a command line is none */
  readonly by?: string;
}

/**
 * How long a command line may take until everything that it started has ended, in milliseconds: strace waits for the last
 * of its processes, and a daemon would keep it for ever.
 */
const MOST_TIME = 600_000;

/** A `?` is for the system calls that not every architecture has. */
const CALLS = '?open,openat,?openat2,execve,?execveat,chdir,fchdir,?fork,?vfork,clone,?clone3';

/**
 * The shell enters the directory before it does what it is told: what it opened until then is its own loader's.
 * `sh -c SCRIPT sh DIRECTORY COMMAND-LINE`
 */
const SCRIPT = 'exec 2>&1; cd -- "$1" && shift && eval "$1"';

/**
 * Runs command lines, one after the other, each in an empty directory that is removed afterwards.
 *
 * @returns the regular files that they opened for reading or executed, sorted by path; none below a temporary
 *   directory, `/proc`, `/sys` or `/dev`
 * @param mostTime after which strace is killed, in milliseconds: what it traced goes on
 * @throws TraceError
 */
export function trace(commands: readonly string[], mostTime = MOST_TIME): Opened[] {
  const opened = new Map<string, Opened>();
  for (const command of commands) {
    const directory = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-trace-')));
    try {
      for (const one of traceOne(command, directory, mostTime)) if (!opened.has(one.path)) opened.set(one.path, one);
    } finally {
      remove(directory);
    }
  }
  return [...opened.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

function traceOne(command: string, directory: string, mostTime: number): Opened[] {
  const [work, logs] = ['work', 'logs'].map((name) => path.join(directory, name));
  for (const made of [work, logs]) fs.mkdirSync(made, { mode: 0o700 });
  const options = ['-ff', '-o', path.join(logs, 'process'), '-qq', '--seccomp-bpf', '-y', '-xx', '-s', '0', '-e', 'signal=none', '-e', `trace=${CALLS}`];
  const ended = execa.sync('strace', [...options, '/bin/sh', '-c', SCRIPT, 'sh', work, command], {
    stdin: 'ignore', reject: false, maxBuffer: MOST_OUTPUT, timeout: mostTime, killSignal: 'SIGKILL',
  });
  if ((ended as { code?: string }).code === 'ENOENT') {
    throw new TraceError('traceCommands are run under strace, and no strace is on PATH: install it on the machine that synthesizes, as with apt-get install strace');
  }
  const log = new Log(logs, work);
  if (!log.begun) {
    throw new TraceError(`strace cannot trace traceCommands here: ${lastWords(ended.stderr)}\n  allow ptrace: a container takes --cap-add=SYS_PTRACE, Yama a kernel.yama.ptrace_scope below 3`);
  }
  if (ended.timedOut) {
    throw new TraceError([
      `the trace command '${command}' had not ended after ${mostTime / 1000} s, with all that it started; nothing was packed`,
      lastLines(ended.stdout),
      '  end what it starts in the background, as with kill $! at its end',
    ].join('\n'));
  }
  if (ended.failed) {
    throw new TraceError(`the trace command '${command}' ended with ${howItEnded(ended)}, expected exit status 0; nothing was packed\n${lastLines(ended.stdout)}`);
  }
  return log.opened.flatMap((one) => inSource(one, directory));
}

function lastWords(stderr: string): string {
  return stderr.trimEnd().split('\n').at(-1) || 'it said nothing';
}

/** Where nothing is of a program: what is there comes and goes, or is made up by the kernel. */
const FLEETING = ['/tmp', '/proc', '/sys', '/dev'];

/**
 * The file as one of the source, none for what is fleeting, no regular file, or gone by now.
 *
 * @param directory the command line's own, its links resolved: the one above it is for temporary files
 */
function inSource({ path: name, by }: Opened, directory: string): Opened[] {
  let real: string;
  try {
    real = fs.realpathSync(name);
    if (!fs.statSync(real).isFile()) return [];
  } catch {
    return [];
  }
  const isFleeting = (file: string) => [...FLEETING, os.tmpdir(), path.dirname(directory)].some((one) => file === one || file.startsWith(`${one}/`));
  if (isFleeting(real)) return [];
  // a link in a temporary directory that leads out, or a relative name that climbs out: the links on the way are no part of it
  return [{ path: isFleeting(name) ? real : name, by }];
}

/** What the directories of a command line may have been left like. */
function remove(directory: string): void {
  try {
    fs.rmSync(directory, { recursive: true, force: true });
  } catch {
    execa.sync('chmod', ['-R', 'u+rwX', directory], { reject: false });
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** A system call with its name, the path of a descriptor, a name, what else there is, and a result that is no error. */
const LINE = /^(\w+)\((?:(?:AT_FDCWD|-?\d+(?!\d))(?:<([^>]*)>(?:\(deleted\))?)?(?:, )?)?(?:"([^"]*)")?(.*)\) += (\d+)/;

interface Call {
  readonly name: string;
  /** of the descriptor that a relative file counts from, or that is meant itself */
  readonly directory?: string;
  readonly file: string;
  readonly rest: string;
  readonly result: string;
}

/** What is known of a process at some point. */
interface Situation {
  readonly cwd: string;
  readonly program?: string;
}

/** What strace wrote of the processes of one command line. */
class Log {
  public readonly opened: Opened[] = [];
  /** whether the shell came to what it was told to do */
  public readonly begun: boolean;
  /** process → what it did */
  private readonly processes = new Map<string, readonly Call[]>();

  constructor(logs: string, work: string) {
    for (const name of fs.readdirSync(logs)) {
      const lines = fs.readFileSync(path.join(logs, name), 'latin1').split('\n');
      this.processes.set(path.extname(name).slice(1), lines.map(parse).filter((call) => call !== undefined));
    }
    const children = new Set([...this.processes.values()].flat().filter(isBirth).map(({ result }) => result));
    // a process in a namespace of its own has another number there, by which its parent knows it: it has none here
    const orphans = [...this.processes.keys()].filter((process) => !children.has(process));
    const entered = (process: string) => this.processes.get(process)!.findIndex(({ name, file }) => name === 'chdir' && file === work) + 1;
    const shell = orphans.find((process) => entered(process) > 0);
    this.begun = shell !== undefined;
    if (shell !== undefined) this.follow(shell, { cwd: work }, entered(shell));
    for (const orphan of orphans) this.follow(orphan, { cwd: work });
  }

  private follow(process: string, { cwd, program }: Situation, from = 0): void {
    const calls = this.processes.get(process) ?? [];
    this.processes.delete(process);
    for (const call of calls.slice(from)) {
      const { name, directory, file, rest, result } = call;
      if (isBirth(call)) {
        this.follow(result, { cwd, program });
        continue;
      }
      const whole = (file.startsWith('/') ? file : `${directory ?? cwd}/${file}`).replace(/\/(?:\.?\/)+/g, '/').replace(/(?<=.)\/\.?$/, '');
      if (name === 'chdir' || name === 'fchdir') {
        cwd = whole;
      } else if (name.startsWith('execve')) {
        this.opened.push({ path: whole, by: program });
        program = whole;
      } else if (!/\bO_WRONLY\b/.test(rest)) {
        this.opened.push({ path: whole, by: program });
      }
    }
  }
}

function parse(line: string): Call | undefined {
  const [, name, directory, file = '', rest, result] = LINE.exec(line) ?? [];
  return name === undefined ? undefined : { name, directory: directory && unescaped(directory), file: unescaped(file), rest, result };
}

function isBirth({ name }: Call): boolean {
  return /^(?:v?fork|clone3?)$/.test(name);
}

function unescaped(text: string): string {
  return Buffer.from(text.replaceAll('\\x', ''), 'hex').toString();
}
