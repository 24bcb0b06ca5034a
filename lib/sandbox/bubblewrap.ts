/**
 * Runs programs in sandboxes of bubblewrap: maintainer scripts, trials of a layer, and `binary-layer run`.
 *
 * bubblewrap itself is process 1 in the sandbox, and /proc/1/environ shows the environment that it was started with: `--clearenv` clears
 * only the environment of its child. So bubblewrap is started with an empty environment.
 */
import type { ChildProcess, StdioOptions } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import { type Machine, readElf } from '../elf';
import { THIS_MACHINE } from '../loader/machine';
import { type EndedChild, onPath, runChild, startChild } from '../process/child';
import { type Environment, systemEnvironment } from '../process/environment';

/** The user of a function on Lambda, without privileges. Root would own the kernel's settings and the devices in the sandbox. */
export const USER = { uid: 993, gid: 990 };

export interface Sandbox {
  /** options of bubblewrap that mount the sandbox's file system; `tmpfs` returns the options for a directory in memory */
  readonly mounts: readonly string[];
  /** `function`: as on Lambda; `root`: user ID 0, as maintainer scripts expect, but without capabilities */
  readonly user: 'function' | 'root';
  /** whether the sandbox shares the machine's network */
  readonly network: boolean;
  /** the working directory in the sandbox */
  readonly directory: string;
  readonly environment: Environment;
}

/** Limits on the resources of a program in a sandbox. */
export interface Limits {
  /** processes and threads at a time */
  readonly processes: number;
  /** writable memory of each process, in bytes (RLIMIT_DATA) */
  readonly memory: number;
  /** size of each file that it writes, in bytes (RLIMIT_FSIZE) */
  readonly fileSize: number;
  /** time in milliseconds after which everything in the sandbox is killed @default - none */
  readonly time?: number;
  /** a directory on this machine, and the bytes of disk space that it may take before everything in the sandbox is killed */
  readonly disk?: { readonly directory: string; readonly bytes: number };
  /** a trusted shell in the sandbox, which sets the limits */
  readonly shell: string;
}

/**
 * The first version of the kernel on which the limit on processes is set. In older versions, the limit also counts the user's processes
 * outside the sandbox.
 */
const COUNTS_PER_SANDBOX = [5, 14];

/**
 * Runs a program with limits, and returns how it ended.
 *
 * @param tracer a command that bubblewrap is run under, such as strace with its options
 */
export function runInSandbox(
  sandbox: Sandbox,
  command: readonly string[],
  limits: Limits,
  tracer: readonly string[] = [],
): EndedChild {
  const blocks = Math.ceil(limits.fileSize / 512);
  // the limit on processes is -u in bash and busybox, -p in dash and in busybox before 1.32. Errors are ignored: the shell cannot raise a
  // lower limit that already applies
  const settings = [
    `ulimit -f ${blocks}`, 'ulimit -c 0', `ulimit -d ${Math.ceil(limits.memory / 1024)}`,
    ...(countsPerSandbox() ? [`ulimit -u ${limits.processes} || ulimit -p ${limits.processes}`] : []),
  ];
  const words = [limits.shell, '-c', `{ ${settings.join('; ')}; } 2>/dev/null; exec "$@"`, 'sh', ...command];
  const options = { environment: {}, timeout: limits.time, ...bwrapUser() };
  const bubblewrap = [...optionsOf(sandbox), '--', ...words];
  const { disk } = limits;
  const [program = 'bwrap'] = onPath('bwrap');
  if (disk === undefined) {
    const [file, ...rest] = [...tracer, tracer.length > 0 ? program : 'bwrap', ...bubblewrap];
    return runChild(file, rest, { ...options, diesWithParent: false });
  }
  const watched = ['-c', WATCH, 'sh', disk.directory, String(Math.ceil(disk.bytes / 1024)), program, ...bubblewrap];
  return runChild('/bin/sh', watched, { ...options, environment: systemEnvironment() });
}

/**
 * Runs bubblewrap, and kills it if a directory becomes too large: bubblewrap does not limit disk space.
 * `sh -c WATCH sh DIRECTORY KILOBYTES BUBBLEWRAP ARGUMENTS`
 */
const WATCH = `
directory=$1 most=$2
shift 2
env -i "$@" &
child=$!
while sleep 1 && kill -0 "$child"; do
  set -- $(du -skx "$directory")
  [ "$1" -le "$most" ] || kill -KILL "$child"
done > /dev/null 2>&1 &
watch=$!
wait "$child"
status=$?
kill "$watch"
exit "$status"`;

/** Starts a program in a session and a process group of its own, with the caller's streams. */
export function startInSandbox(
  sandbox: Sandbox,
  command: readonly string[],
  options: readonly string[],
  stdio: StdioOptions,
): ChildProcess {
  return startChild('bwrap', [...options, ...optionsOf(sandbox), '--', ...command], {
    environment: {}, diesWithParent: false, stdio, detached: true, ...bwrapUser(),
  });
}

/** With `--new-session`, the sandbox has no terminal that a program could type into (TIOCSTI, CVE-2017-5226). */
function optionsOf({ mounts, user, network, directory, environment }: Sandbox): string[] {
  const root = ['--unshare-uts', '--unshare-cgroup-try', '--hostname', 'localhost', '--uid', '0', '--gid', '0', '--cap-drop', 'ALL'];
  return [
    '--unshare-user', '--unshare-pid', '--unshare-ipc', ...(network ? [] : ['--unshare-net']), '--die-with-parent', '--new-session',
    ...(user === 'root' ? root : ['--uid', String(USER.uid), '--gid', String(USER.gid)]),
    ...mounts, '--chdir', directory, '--clearenv', ...Object.entries(environment).flatMap(([name, value]) => ['--setenv', name, value]),
  ];
}

/** Options that mount an empty directory in memory. Old versions of bubblewrap cannot limit its size. */
export function tmpfs(directory: string, bytes: number): string[] {
  return knowsSize() ? ['--size', String(bytes), '--tmpfs', directory] : ['--tmpfs', directory];
}

const helpTexts = new Map<string, string>();

function knowsSize(): boolean {
  const [bubblewrap] = onPath('bwrap');
  if (bubblewrap === undefined) return false;
  if (!helpTexts.has(bubblewrap)) helpTexts.set(bubblewrap, runChild(bubblewrap, ['--help'], { environment: {} }).stdout);
  return helpTexts.get(bubblewrap)!.includes('--size ');
}

function countsPerSandbox(): boolean {
  const [major, minor] = os.release().split('.').map(Number);
  return major > COUNTS_PER_SANDBOX[0] || (major === COUNTS_PER_SANDBOX[0] && minor >= COUNTS_PER_SANDBOX[1]);
}

/** If this process is root: the unprivileged user that bubblewrap runs as. Empty for other users, who start it as themselves. */
export function bwrapUser(): Partial<typeof USER> {
  return process.geteuid?.() === 0 ? USER : {};
}

/** File names of busybox in Debian and Fedora, in Alpine, and in openSUSE. */
export const BUSYBOX = ['busybox', 'busybox.static', 'busybox-static'];

/** True if a program runs without a loader. */
export function isStatic(file: string): boolean {
  try {
    return readElf(fs.readFileSync(file)).interpreter === undefined;
  } catch {
    return false;
  }
}

/** Why programs for an architecture cannot run on this machine; `undefined` if they can, natively or in an emulator (binfmt_misc). */
export function foreign(machine: Machine): string | undefined {
  if (machine === THIS_MACHINE || fs.existsSync(`/proc/sys/fs/binfmt_misc/qemu-${machine}`)) return undefined;
  return [
    `is for ${machine}, and this machine, ${THIS_MACHINE}, cannot run it:`,
    'use a machine of that architecture, or install an emulator, for example with apt-get install qemu-user-static binfmt-support',
  ].join(' ');
}

/** Advice if bubblewrap is not installed. */
export const INSTALL = 'bwrap is not on PATH; install it on the machine that synthesizes, for example with apt-get install bubblewrap';

/** Advice if bubblewrap cannot make a sandbox. */
export const ALLOW = [
  '  it needs user namespaces: allow them, for example with sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), ' +
    'kernel.unprivileged_userns_clone=1 (Debian)',
  '  or user.max_user_namespaces=10000; if this machine is a container, start it with --privileged',
].join('\n');
