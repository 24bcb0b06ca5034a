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
import { howItEnded, lastLines, MOST_OUTPUT } from '../data/command';
import { readElf } from '../elf';
import { unzip } from './unzip';

export interface Trial {
  /** a command line */
  readonly command: string;
  /** after which it is killed, in milliseconds */
  readonly timeout: number;
}

/** A layer that did not pass, or that cannot be tried here. */
export class TrialError extends Error {}

/** What a function's processes find; a runtime adds to it what is its own. */
const ENVIRONMENT = {
  PATH: '/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin',
  LD_LIBRARY_PATH: '/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib',
  LANG: 'en_US.UTF-8',
  TZ: ':UTC',
  LAMBDA_TASK_ROOT: '/var/task',
  LAMBDA_RUNTIME_DIR: '/var/runtime',
  AWS_LAMBDA_FUNCTION_NAME: 'trial',
  AWS_REGION: 'us-east-1',
};

/** Of the sandbox, as on Lambda; root's own rights would let a program read what it cannot read there. */
const USER = { uid: 993, gid: 990 };

/** Static shells by the names that they go by: Debian and Fedora, Alpine, openSUSE. */
const SHELLS = ['busybox', 'busybox.static', 'busybox-static', 'bash-static'];

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
    if (isRoot()) fs.chownSync(directory, USER.uid, USER.gid);
    const aliases = programs.filter((name) => /^[\w.+-]+$/.test(name)).map((name) => `alias ${name}=/opt/bin/${name}\n`).join('');
    const ended = sandbox(['--ro-bind', opt, '/opt'], `exec 2>&1\n${aliases}eval "$1"`, [command], timeout);
    if (ended.timedOut) throw new TrialError(`testCommand '${command}' had not ended after ${timeout / 1000} s, testTimeout, and was killed; nothing was written\n${lastLines(ended.stdout)}`);
    if (ended.failed) throw new TrialError(`testCommand '${command}' ended in the layer with ${howItEnded(ended)}, expected exit status 0; nothing was written\n${lastLines(ended.stdout)}`);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** @throws TrialError where a layer cannot be tried on this machine */
export function checkSandbox(): void {
  const ended = sandbox(['--dir', '/opt'], ':', []);
  if ((ended as { code?: string }).code === 'ENOENT') {
    throw new TrialError('testCommand is run under bubblewrap, and no bwrap is on PATH: install it on the machine that synthesizes, as with apt-get install bubblewrap');
  }
  if (!ended.failed) return;
  throw new TrialError([
    `bubblewrap cannot make the sandbox for testCommand: ${ended.stderr.trim() || howItEnded(ended)}`,
    '  it needs user namespaces: allow them, as with sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), kernel.unprivileged_userns_clone=1 (Debian)',
    '  or user.max_user_namespaces=10000; start a container with --privileged',
  ].join('\n'));
}

/** @param layer options of bubblewrap that make `/opt` */
function sandbox(layer: readonly string[], script: string, args: readonly string[], timeout?: number): execa.ExecaSyncReturnValue {
  const options = [
    '--unshare-user', '--unshare-pid', '--unshare-ipc', '--unshare-net', '--uid', String(USER.uid), '--gid', String(USER.gid), '--die-with-parent', '--new-session',
    '--ro-bind', staticShell(), '/bin/sh', ...layer, '--dir', '/var/task', '--chdir', '/var/task',
    '--tmpfs', '/tmp', '--proc', '/proc', '--dev', '/dev', '--remount-ro', '/dev', '--remount-ro', '/',
    '--clearenv', ...Object.entries(ENVIRONMENT).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
  return execa.sync('bwrap', [...options, '/bin/sh', '-c', script, 'sh', ...args], {
    stdin: 'ignore', reject: false, maxBuffer: MOST_OUTPUT, timeout, killSignal: 'SIGKILL', ...(isRoot() ? USER : {}),
  });
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

function staticShell(): string {
  const directories = (process.env.PATH ?? '').split(':').filter((directory) => directory.startsWith('/'));
  const found = SHELLS.flatMap((name) => directories.map((directory) => path.join(directory, name))).filter((file) => fs.existsSync(file));
  const shell = found.find(isStatic);
  if (shell !== undefined) return shell;
  throw new TrialError([
    `testCommand is run by a static shell, expected as ${SHELLS.join(', ')} on PATH, and ${found.length > 0 ? `${found[0]} is not static` : 'none is there'}:`,
    'install one on the machine that synthesizes, as with apt-get install bubblewrap busybox-static, or bash-static beside another busybox',
  ].join(' '));
}

function isStatic(file: string): boolean {
  try {
    return readElf(fs.readFileSync(file)).interpreter === undefined;
  } catch {
    return false;
  }
}
