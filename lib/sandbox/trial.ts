/**
 * Tries a layer before it is accepted: a command must succeed in a sandbox that has nothing but the layer.
 *
 * bubblewrap makes the sandbox: an empty, read-only root with `/opt`, an empty `/tmp`, `/dev`, `/proc` and a static shell, which
 * needs no libraries; no network, no privileges, and the environment of a function. A command that succeeds there needs nothing
 * from Lambda's own file system.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { Machine } from '../elf';
import { ALLOW, BUSYBOX, foreign, INSTALL, isStatic, type Limits, runInSandbox, tmpfs } from './bubblewrap';
import { LayerError } from '../error';
import { ENVIRONMENT } from '../lambda';
import { type EndedChild, onPath } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { unzip } from '../zip/unzip';

export interface Trial {
  /** a command line */
  readonly command: string;
  /** the time after which the command is killed, in milliseconds */
  readonly timeout: number;
}

/** The property whose command lines are run. */
type Runner = 'testCommand' | 'workload';

/** The command failed, or the layer cannot be tried on this machine. */
export class TrialError extends LayerError {}

const ADVICE = 'if a file is missing, name it in include; verbose prints which files are skipped, and why';

/** Names of shells that may be statically linked. */
const SHELLS = [...BUSYBOX, 'bash-static'];

/**
 * Runs a command line in the unpacked layer.
 *
 * @param zip the layer
 * @param programs names in `/opt/bin`
 * @throws TrialError
 */
export function tryLayer(zip: string, programs: readonly string[], { command, timeout }: Trial): void {
  const directory = temporaryDirectory('try');
  try {
    const opt = path.join(directory, 'opt');
    fs.mkdirSync(opt);
    // the user of the sandbox must be able to enter both directories
    for (const place of [directory, opt]) fs.chmodSync(place, 0o755);
    unzip(zip, opt);
    const ended = runInLayer({ opt, programs, command, timeout });
    const output = `nothing was written\n${lastLines(ended.stdout)}`;
    if (ended.timedOut) {
      const problem = `testCommand '${command}' had not ended after ${timeout / 1000} s, testTimeout, and was killed`;
      throw new TrialError(`${problem}; ${output}`, 'testCommand', 'testTimeout');
    }
    if (ended.failed) {
      const problem = `testCommand '${command}' ended in the layer with ${howItEnded(ended)}, expected exit code 0`;
      throw new TrialError(`${problem}; ${output}\n  ${ADVICE}`, 'testCommand', 'include');
    }
  } finally {
    discard(directory);
  }
}

/** A run of a command line in a layer. */
export interface LayerRun extends Trial {
  /** the directory that is mounted at `/opt` */
  readonly opt: string;
  /** names in `/opt/bin` */
  readonly programs: readonly string[];
  /** the directory that is mounted at `/var/task`, read-only @default - an empty one */
  readonly task?: string;
  /** a command that runs bubblewrap, such as strace @default - none */
  readonly tracer?: readonly string[];
  /** further options of bubblewrap that mount something @default - none */
  readonly mounts?: readonly string[];
}

/**
 * Runs a command line in the sandbox. Both output streams are in `stdout`.
 *
 * busybox's shell prefers its own commands to those on PATH, and aliases to both: so each program of the layer gets an alias.
 */
export function runInLayer({ opt, programs, command, timeout, task, tracer, mounts = [] }: LayerRun): EndedChild {
  const aliases = programs.filter((name) => /^[\w.+-]+$/.test(name)).map((name) => `alias ${name}=/opt/bin/${name}\n`).join('');
  const layer = ['--ro-bind', opt, '/opt', ...(task === undefined ? ['--dir', TASK] : ['--ro-bind', task, TASK]), ...mounts];
  return sandbox(layer, `exec 2>&1\n${aliases}eval "$1"`, [command], timeout, tracer);
}

/** @throws TrialError if programs for an architecture cannot run on this machine */
export function checkMachine(machine: Machine, option: Runner = 'testCommand'): void {
  const why = foreign(machine);
  if (why !== undefined) throw new TrialError(`${option} cannot be run: the layer ${why}`, option);
}

/** @throws TrialError if bubblewrap or a static shell is missing, or bubblewrap cannot make a sandbox */
export function checkSandbox(option: Runner = 'testCommand'): void {
  const ended = sandbox(['--dir', '/opt', '--dir', TASK], ':', [], undefined, [], option);
  if (ended.code === 'ENOENT') {
    throw new TrialError(`${option} requires bubblewrap: ${INSTALL}`, option);
  }
  if (!ended.failed) return;
  const reason = ended.stderr.trim() || howItEnded(ended);
  throw new TrialError(`bubblewrap cannot create the sandbox for ${option}: ${reason}\n${ALLOW}`, option);
}

/** Limits of the sandbox: the memory of the largest function, and the default size of a function's `/tmp`. */
const LIMITS: Limits = { processes: 1024, memory: 10_240 * 1024 ** 2, fileSize: 512 * 1024 ** 2, shell: '/bin/sh' };

/** The working directory: a function's code. */
export const TASK = '/var/task';

/** @param layer options of bubblewrap that mount `/opt` and `/var/task` */
function sandbox(
  layer: readonly string[],
  script: string,
  args: readonly string[],
  time?: number,
  tracer?: readonly string[],
  option?: Runner,
): EndedChild {
  const mounts = [
    '--ro-bind', staticShell(option), '/bin/sh', ...layer, ...tmpfs('/tmp', LIMITS.fileSize),
    '--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--remount-ro', '/',
  ];
  const place = { mounts, user: 'function' as const, network: false, directory: TASK, environment: ENVIRONMENT };
  return runInSandbox(place, ['/bin/sh', '-c', script, 'sh', ...args], { ...LIMITS, time }, tracer);
}

function staticShell(option: Runner = 'testCommand'): string {
  const found = onPath(...SHELLS);
  const shell = found.find(isStatic);
  if (shell !== undefined) return shell;
  const problem = found.length > 0 ? `${found[0]} is not statically linked` : 'none was found';
  throw new TrialError([
    `${option} requires a statically linked shell on PATH (${SHELLS.join(', ')}), but ${problem};`,
    'install one on the machine that synthesizes: apt-get install bubblewrap busybox-static, or bash-static to keep another busybox',
  ].join(' '), option);
}
