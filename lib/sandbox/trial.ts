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
import { ENVIRONMENT } from '../lambda';
import { type EndedChild, onPath } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { unzip } from '../zip/unzip';
import { LayerError } from '../error';

export interface Trial {
  /** a command line */
  readonly command: string;
  /** the time after which the command is killed, in milliseconds */
  readonly timeout: number;
}

/** The command failed, or the layer cannot be tried on this machine. */
export class TrialError extends LayerError {}

/** Names of shells that may be static. */
const SHELLS = [...BUSYBOX, 'bash-static'];

/**
 * Runs a command line in the unpacked layer.
 *
 * busybox's shell prefers its own commands to those on PATH, and aliases to both: so each program of the layer gets an alias.
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
    // the user of the sandbox must be able to enter it
    for (const place of [directory, opt]) fs.chmodSync(place, 0o755);
    unzip(zip, opt);
    const aliases = programs.filter((name) => /^[\w.+-]+$/.test(name)).map((name) => `alias ${name}=/opt/bin/${name}\n`).join('');
    const ended = sandbox(['--ro-bind', opt, '/opt'], `exec 2>&1\n${aliases}eval "$1"`, [command], timeout);
    const output = `nothing was written\n${lastLines(ended.stdout)}`;
    if (ended.timedOut) {
      const problem = `testCommand '${command}' had not ended after ${timeout / 1000} s, testTimeout, and was killed`;
      throw new TrialError(`${problem}; ${output}`, 'testCommand', 'testTimeout');
    }
    if (ended.failed) {
      const problem = `testCommand '${command}' ended in the layer with ${howItEnded(ended)}, expected exit status 0`;
      throw new TrialError(`${problem}; ${output}`, 'testCommand');
    }
  } finally {
    discard(directory);
  }
}

/** @throws TrialError if programs for an architecture cannot run on this machine */
export function checkMachine(machine: Machine): void {
  const why = foreign(machine);
  if (why !== undefined) throw new TrialError(`testCommand cannot be run: the layer ${why}`, 'testCommand');
}

/** @throws TrialError if bubblewrap or a static shell is missing, or bubblewrap cannot make a sandbox */
export function checkSandbox(): void {
  const ended = sandbox(['--dir', '/opt'], ':', []);
  if (ended.code === 'ENOENT') {
    throw new TrialError(`testCommand is run under bubblewrap, and ${INSTALL}`, 'testCommand');
  }
  if (!ended.failed) return;
  const reason = ended.stderr.trim() || howItEnded(ended);
  throw new TrialError(`bubblewrap cannot make the sandbox for testCommand: ${reason}\n${ALLOW}`, 'testCommand');
}

/** The memory of the largest function; `/tmp` has a function's default size. */
const LIMITS: Limits = { processes: 1024, memory: 10_240 * 1024 ** 2, fileSize: 512 * 1024 ** 2, shell: '/bin/sh' };

/** @param layer options of bubblewrap that mount `/opt` */
function sandbox(layer: readonly string[], script: string, args: readonly string[], time?: number): EndedChild {
  const mounts = [
    '--ro-bind', staticShell(), '/bin/sh', ...layer, '--dir', '/var/task', ...tmpfs('/tmp', LIMITS.fileSize),
    '--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--remount-ro', '/',
  ];
  const place = { mounts, user: 'function' as const, network: false, directory: '/var/task', environment: ENVIRONMENT };
  return runInSandbox(place, ['/bin/sh', '-c', script, 'sh', ...args], { ...LIMITS, time });
}

function staticShell(): string {
  const found = onPath(...SHELLS);
  const shell = found.find(isStatic);
  if (shell !== undefined) return shell;
  const problem = found.length > 0 ? `${found[0]} is not static` : 'none is there';
  throw new TrialError([
    `testCommand is run by a static shell, expected as ${SHELLS.join(', ')} on PATH, and ${problem}:`,
    'install one on the machine that synthesizes, as with apt-get install bubblewrap busybox-static, or bash-static beside another busybox',
  ].join(' '), 'testCommand');
}
