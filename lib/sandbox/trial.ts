/**
 * Tries a layer before it is accepted: a command line has to succeed where there is nothing but the layer.
 *
 * bubblewrap makes the place: an empty root, read-only, with `/opt`, an empty `/tmp`, `/dev`, `/proc` and a static
 * shell, which needs no library of anybody's; no network, no privileges, the environment of a function. What works
 * there needs nothing of Lambda's.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as execa from 'execa';
import type { Machine } from '../elf';
import { ALLOW, BUSYBOX, INSTALL, isStatic, onPath, starter, USER, foreign } from './bubblewrap';
import { ENVIRONMENT } from '../lambda';
import { ISOLATION } from './function';
import { howItEnded, lastLines, MOST_OUTPUT } from '../process/command';
import { unzip } from '../zip/unzip';

export interface Trial {
  /** a command line */
  readonly command: string;
  /** after which it is killed, in milliseconds */
  readonly timeout: number;
}

/** A layer that did not pass, or that cannot be tried here. */
export class TrialError extends Error {}

/** Static ones. */
const SHELLS = [...BUSYBOX, 'bash-static'];

/**
 * Runs a command line in the unpacked layer.
 *
 * A shell of busybox takes a command that it has itself before one on PATH: an alias for each program of the layer
 * comes before either.
 *
 * @param zip the layer
 * @param programs names in `/opt/bin`
 * @throws TrialError
 */
export function tryLayer(zip: string, programs: readonly string[], { command, timeout }: Trial): void {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-try-'));
  try {
    const opt = path.join(directory, 'opt');
    fs.mkdirSync(opt);
    fs.chmodSync(opt, 0o755);
    unzip(zip, opt);
    if (starter().uid !== undefined) fs.chownSync(directory, USER.uid, USER.gid);
    const aliases = programs.filter((name) => /^[\w.+-]+$/.test(name)).map((name) => `alias ${name}=/opt/bin/${name}\n`).join('');
    const ended = sandbox(['--ro-bind', opt, '/opt'], `exec 2>&1\n${aliases}eval "$1"`, [command], timeout);
    if (ended.timedOut) throw new TrialError(`testCommand '${command}' had not ended after ${timeout / 1000} s, testTimeout, and was killed; nothing was written\n${lastLines(ended.stdout)}`);
    if (ended.failed) throw new TrialError(`testCommand '${command}' ended in the layer with ${howItEnded(ended)}, expected exit status 0; nothing was written\n${lastLines(ended.stdout)}`);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws TrialError where a layer for a machine cannot be tried on this one */
export function checkMachine(machine: Machine): void {
  const why = foreign(machine);
  if (why !== undefined) throw new TrialError(`testCommand cannot be run: the layer ${why}`);
}

/** @throws TrialError where no layer can be tried on this machine */
export function checkSandbox(): void {
  const ended = sandbox(['--dir', '/opt'], ':', []);
  if ((ended as { code?: string }).code === 'ENOENT') {
    throw new TrialError(`testCommand is run under bubblewrap, and ${INSTALL}`);
  }
  if (!ended.failed) return;
  throw new TrialError(`bubblewrap cannot make the sandbox for testCommand: ${ended.stderr.trim() || howItEnded(ended)}\n${ALLOW}`);
}

/** @param layer options of bubblewrap that make `/opt` */
function sandbox(layer: readonly string[], script: string, args: readonly string[], timeout?: number): execa.ExecaSyncReturnValue {
  const options = [
    ...ISOLATION, '--unshare-net', '--ro-bind', staticShell(), '/bin/sh', ...layer, '--dir', '/var/task', '--chdir', '/var/task',
    '--tmpfs', '/tmp', '--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--remount-ro', '/',
    '--clearenv', ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
  return execa.sync('bwrap', [...options, '/bin/sh', '-c', script, 'sh', ...args], {
    stdin: 'ignore', reject: false, maxBuffer: MOST_OUTPUT, timeout, killSignal: 'SIGKILL', ...starter(),
  });
}

function staticShell(): string {
  const found = onPath(SHELLS);
  const shell = found.find(isStatic);
  if (shell !== undefined) return shell;
  throw new TrialError([
    `testCommand is run by a static shell, expected as ${SHELLS.join(', ')} on PATH, and ${found.length > 0 ? `${found[0]} is not static` : 'none is there'}:`,
    'install one on the machine that synthesizes, as with apt-get install bubblewrap busybox-static, or bash-static beside another busybox',
  ].join(' '));
}
