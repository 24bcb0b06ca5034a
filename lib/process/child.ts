/**
 * Starts every child process of the library, with an explicit environment. The child ends even if this process is killed: see
 * `diesWithParent`.
 */
import { type ChildProcess, spawn, type SpawnOptions } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import type execaModule from 'execa';
import { MOST_OUTPUT } from './command';
import type { Environment } from './environment';

/** Loaded when the first child starts: most synths start none. */
// eslint-disable-next-line @typescript-eslint/no-require-imports
const execa = () => require('execa') as typeof execaModule;

export interface ChildOptions {
  /** all its environment variables */
  readonly environment: Environment;
  /**
   * whether the kernel kills the child when this process ends; takes effect only if util-linux's setpriv is on PATH
   *
   * @default true
   */
  readonly diesWithParent?: boolean;
  /** the signal that kills the child when this process ends, or at the time limit @default SIGKILL */
  readonly killSignal?: NodeJS.Signals;
  readonly uid?: number;
  readonly gid?: number;
}

export interface RunOptions extends ChildOptions {
  /** its standard input @default - none */
  readonly input?: string;
  /** whether its descriptor 3 is this process's standard error, for a progress bar @default false */
  readonly hasTerminal?: boolean;
  /** time in milliseconds after which it is killed @default - none */
  readonly timeout?: number;
  /** bytes of output per stream after which it is killed @default MOST_OUTPUT */
  readonly mostOutput?: number;
}

/** How a child process ended. */
export interface EndedChild {
  /** whether its exit code is not 0, or it could not be started */
  readonly failed: boolean;
  readonly exitCode?: number;
  readonly signal?: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
  /** code of the error if the child could not be started, or its output could not be read, such as `ENOENT` or `ENOBUFS` */
  readonly code?: string;
}

/** Runs a program, and waits for its end. @param command a path, or a name on PATH */
export function runChild(command: string, args: readonly string[], options: RunOptions): EndedChild {
  const { input, timeout, killSignal = 'SIGKILL', mostOutput = MOST_OUTPUT, hasTerminal = false } = options;
  const { file, words, ...shared } = prepared(command, args, options);
  const stdin = input === undefined ? 'ignore' : 'pipe';
  const stdio = [stdin, 'pipe', 'pipe', ...hasTerminal ? [process.stderr.fd] : []] as const;
  const limits = { maxBuffer: mostOutput, timeout, killSignal };
  return execa().sync(file, words, { ...shared, ...limits, input, stdio, extendEnv: false, reject: false });
}

/** Runs a program like `runChild`, in a process group of its own: signals that a terminal sends do not reach it. */
export async function runDetached(command: string, args: readonly string[], options: ChildOptions): Promise<EndedChild> {
  const { file, words, ...shared } = prepared(command, args, options);
  return execa()(file, words, { ...shared, stdin: 'ignore', extendEnv: false, reject: false, maxBuffer: MOST_OUTPUT, detached: true });
}

/** Starts a program with streams that the caller reads. */
export function startChild(
  command: string,
  args: readonly string[],
  options: ChildOptions & Pick<SpawnOptions, 'stdio' | 'detached'>,
): ChildProcess {
  const { stdio, detached } = options;
  const { file, words, ...shared } = prepared(command, args, options);
  return spawn(file, words, { ...shared, stdio, detached });
}

/** The files on PATH that have one of the names, in the order of the names. */
export function onPath(...names: readonly string[]): string[] {
  const directories = (process.env.PATH ?? '').split(path.delimiter).filter((directory) => path.isAbsolute(directory));
  return names.flatMap((name) => directories.map((directory) => path.join(directory, name))).filter((file) => fs.existsSync(file));
}

function prepared(command: string, args: readonly string[], options: ChildOptions) {
  const { environment, diesWithParent = true, killSignal = 'SIGKILL', uid, gid } = options;
  const user = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
  // looked up here, because the child's environment may have no PATH
  const executable = command.includes('/') ? command : onPath(command).find(isExecutable);
  // not found: start it with the PATH of this process, so that it fails with the system's error, which states why
  if (executable === undefined) return { file: command, words: args, env: { ...environment, PATH: process.env.PATH }, ...user };
  const setpriv = diesWithParent && isExecutable(executable) ? pdeathsig() : undefined;
  if (setpriv === undefined) return { file: executable, words: args, env: environment, ...user };
  return { file: setpriv, words: ['--pdeathsig', killSignal.slice('SIG'.length), '--', executable, ...args], env: environment, ...user };
}

function isExecutable(file: string): boolean {
  try {
    fs.accessSync(file, fs.constants.X_OK);
    return fs.statSync(file).isFile();
  } catch {
    return false;
  }
}

/** path of each setpriv → whether it is util-linux's: busybox's does not have --pdeathsig */
const knowsPdeathsig = new Map<string, boolean>();

/** A setpriv that makes the kernel kill a program when its parent ends (PR_SET_PDEATHSIG). */
function pdeathsig(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const setpriv = onPath('setpriv').find(isExecutable);
  if (setpriv === undefined) return undefined;
  let known = knowsPdeathsig.get(setpriv);
  if (known === undefined) {
    const options = { env: {}, extendEnv: false, reject: false };
    known = !execa().sync(setpriv, ['--pdeathsig', 'KILL', '--', setpriv, '--version'], options).failed;
    knowsPdeathsig.set(setpriv, known);
  }
  return known ? setpriv : undefined;
}
