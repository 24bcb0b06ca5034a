/**
 * Tries a layer before it is accepted: a command line has to succeed where there is nothing but the layer.
 *
 * bubblewrap makes the place: an empty root, read-only, with `/opt`, an empty `/tmp`, `/dev`, `/proc` and a static
 * shell, which needs no library of anybody's; no network, no privileges, the environment of a function. What works
 * there needs nothing of Lambda's.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { Machine } from '../elf';
import { ALLOW, BUSYBOX, foreign, INSTALL, isStatic, Limits, runInSandbox, tmpfs } from './bubblewrap';
import { ENVIRONMENT } from '../lambda';
import { EndedChild, onPath } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { unzip } from '../zip/unzip';
import { LayerError } from '../error';

export interface Trial {
  /** a command line */
  readonly command: string;
  /** after which it is killed, in milliseconds */
  readonly timeout: number;
}

/** A layer that did not pass, or that cannot be tried here. */
export class TrialError extends LayerError {}

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
  const directory = temporaryDirectory('try');
  try {
    const opt = path.join(directory, 'opt');
    fs.mkdirSync(opt);
    // whoever runs the sandbox can enter it
    for (const place of [directory, opt]) fs.chmodSync(place, 0o755);
    unzip(zip, opt);
    const aliases = programs.filter((name) => /^[\w.+-]+$/.test(name)).map((name) => `alias ${name}=/opt/bin/${name}\n`).join('');
    const ended = sandbox(['--ro-bind', opt, '/opt'], `exec 2>&1\n${aliases}eval "$1"`, [command], timeout);
    if (ended.timedOut) throw new TrialError(`testCommand '${command}' had not ended after ${timeout / 1000} s, testTimeout, and was killed; nothing was written\n${lastLines(ended.stdout)}`, 'testCommand', 'testTimeout');
    if (ended.failed) throw new TrialError(`testCommand '${command}' ended in the layer with ${howItEnded(ended)}, expected exit status 0; nothing was written\n${lastLines(ended.stdout)}`, 'testCommand');
  } finally {
    discard(directory);
  }
}

/** @throws TrialError where a layer for a machine cannot be tried on this one */
export function checkMachine(machine: Machine): void {
  const why = foreign(machine);
  if (why !== undefined) throw new TrialError(`testCommand cannot be run: the layer ${why}`, 'testCommand');
}

/** @throws TrialError where no layer can be tried on this machine */
export function checkSandbox(): void {
  const ended = sandbox(['--dir', '/opt'], ':', []);
  if (ended.code === 'ENOENT') {
    throw new TrialError(`testCommand is run under bubblewrap, and ${INSTALL}`, 'testCommand');
  }
  if (!ended.failed) return;
  throw new TrialError(`bubblewrap cannot make the sandbox for testCommand: ${ended.stderr.trim() || howItEnded(ended)}\n${ALLOW}`, 'testCommand');
}

/** As large as the largest function; its `/tmp` is as large as it is unless a function asks for more. */
const LIMITS: Limits = { processes: 1024, memory: 10_240 * 1024 ** 2, fileSize: 512 * 1024 ** 2, shell: '/bin/sh' };

/** @param layer options of bubblewrap that make `/opt` */
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
  throw new TrialError([
    `testCommand is run by a static shell, expected as ${SHELLS.join(', ')} on PATH, and ${found.length > 0 ? `${found[0]} is not static` : 'none is there'}:`,
    'install one on the machine that synthesizes, as with apt-get install bubblewrap busybox-static, or bash-static beside another busybox',
  ].join(' '), 'testCommand');
}
