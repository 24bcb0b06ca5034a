/**
 * `binary-layer run LAYER -- COMMAND`: runs a command with a layer at `/opt`, as a function would.
 *
 * The command has this process's streams, which may be a terminal. It runs in another session, so it cannot push input into the
 * terminal (TIOCSTI, CVE-2017-5226). Keys such as Ctrl-C do not reach that session: this process receives their signals and
 * forwards them. Shells in that session have no job control, and `/dev/tty` cannot be opened, as on Lambda.
 */
import type { ChildProcess } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import type { Readable } from 'stream';
import { setImmediate } from 'timers/promises';
import { Command, Option } from 'commander';
import { checkInput, statusOf } from './file-arguments';
import { UsageError } from './usage';
import { LayerError } from '../error';
import { ENVIRONMENT } from '../lambda';
import { readRecord, RECORD } from '../plan/record';
import { cleared } from '../process/cleared';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { openRoot } from '../root/open-root';
import { ALLOW, foreign, INSTALL, type Sandbox, startInSandbox } from '../sandbox/bubblewrap';
import { nearest } from '../text/nearest';
import { printableName } from '../text/printable';
import { unzip } from '../zip/unzip';

/** A command that cannot be run here. */
export class RunError extends LayerError {}

interface RunOptions {
  readonly root: string;
  readonly task?: string;
  readonly env: Record<string, string>;
  readonly readOnly: boolean;
}

export function runCommand(): Command {
  return new Command('run')
    .description('run a command with a layer at /opt, as a function would')
    .argument('<layer>', 'zip of a layer, or a directory to mount at /opt')
    .argument('<command...>', 'the command and its arguments, after --')
    .option('--root <directory>', 'root file system to run in, such as an unpacked Lambda base image', '/')
    .option('--task <directory>', 'directory with the function\'s code, to mount at /var/task (default: an empty directory)')
    .addOption(new Option('-e, --env <name=value>', 'environment variable, in addition to those of a function (repeatable)')
      .argParser(variable).default({}, 'none'))
    .option('--no-read-only', 'make everything writable; changes outside --task are discarded at the end')
    .addHelpText('after', `
Examples:
  $ binary-layer run layer.zip -- rig -f
  $ echo '{"a": 1}' | binary-layer run jq.zip -- jq .a
  $ binary-layer run layer.zip --task ./function --env STAGE=test -- python3 handler.py
  $ binary-layer run layer.zip --root /srv/al2023 -- sh -c 'ldd /opt/bin/rig'

If the layer and the root file system have a command with the same name, the one in the layer runs.
The command runs under bubblewrap, as user 993 in the environment of a function; only /tmp is writable.
Exit codes: that of the command; 128 + N if signal N ended the command; 1 if it cannot be started; 2 if the command line is wrong.`)
    .action(run);
}

async function run(layer: string, command: string[], options: RunOptions): Promise<void> {
  const roots = rootOf(options);
  let temporary: string | undefined;
  const clear = () => {
    if (temporary !== undefined) discard(temporary);
  };
  await cleared(clear, async () => {
    temporary = temporaryDirectory('run');
    const opt = unpacked(layer, temporary);
    const [name, ...args] = command;
    const program = located(name, opt, options.root);
    if (program.startsWith('/opt/')) checkMachine(opt);
    await setImmediate(); // handle signals that arrived meanwhile
    process.exitCode = await start(sandboxOf(roots, opt, options), [program, ...args]);
  });
}

/** The directory to mount at `/opt`. */
function unpacked(layer: string, temporary: string): string {
  if (statusOf(layer)?.isDirectory()) return fs.realpathSync(layer);
  checkInput(layer, 'the zip of a layer, or a directory');
  const opt = path.join(temporary, 'opt');
  fs.mkdirSync(opt);
  // the user of the sandbox must be able to enter both directories
  for (const place of [temporary, opt]) fs.chmodSync(place, 0o755);
  unzip(layer, opt);
  return opt;
}

/** Options of bubblewrap that mount a root at `/`, without the directories that `sandboxOf` mounts. */
function rootOf({ root, task }: RunOptions): string[] {
  for (const [option, directory] of Object.entries({ root, task })) {
    if (directory !== undefined && !statusOf(directory)?.isDirectory()) {
      throw new UsageError(`--${option} ${directory}: expected a directory`);
    }
  }
  const directory = fs.realpathSync(root);
  const ofVar = path.join(directory, 'var');
  const hasVar = fs.lstatSync(ofVar, { throwIfNoEntry: false })?.isDirectory();
  return [
    ...bind(directory, '/', ['dev', 'opt', 'proc', 'tmp', 'var']),
    ...(hasVar ? bind(ofVar, '/var', ['task']) : []),
  ];
}

/** Mounts the entries of a directory one by one, so that other directories can be mounted beside them. */
function bind(directory: string, at: string, less: readonly string[]): string[] {
  return fs.readdirSync(directory, { withFileTypes: true }).filter(({ name }) => !less.includes(name)).flatMap((entry) => {
    const [source, target] = [path.join(directory, entry.name), path.posix.join(at, entry.name)];
    return entry.isSymbolicLink() ? ['--symlink', fs.readlinkSync(source), target] : ['--ro-bind', source, target];
  });
}

function sandboxOf(roots: readonly string[], opt: string, { task, env, readOnly }: RunOptions): Sandbox {
  const isTerminal = [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
  const mounts = [
    ...roots, '--ro-bind', opt, '/opt',
    ...(task === undefined ? ['--dir', '/var/task'] : [readOnly ? '--ro-bind' : '--bind', fs.realpathSync(task), '/var/task']),
    '--tmpfs', '/tmp', '--proc', '/proc', '--dev', '/dev', ...(readOnly ? ['--remount-ro', '/dev', '--remount-ro', '/'] : []),
  ];
  const environment = { ...ENVIRONMENT, ...(isTerminal && process.env.TERM ? { TERM: process.env.TERM } : {}), ...env };
  return { mounts, user: 'function', network: true, directory: '/var/task', environment };
}

/** @throws RunError if the directory has layers, and this machine can run none of them */
function checkMachine(opt: string): void {
  const elf = path.join(opt, 'elf');
  const keys = fs.existsSync(elf) ? fs.readdirSync(elf) : [];
  const records = keys.map((key) => path.join(elf, key, RECORD)).filter((file) => fs.existsSync(file));
  const reasons = records.map((file) => foreign(readRecord(fs.readFileSync(file, 'utf8')).machine));
  if (reasons.length > 0 && reasons.every((reason) => reason !== undefined)) throw new RunError(`the layer ${reasons[0]}`);
}

/**
 * The path of a command. The layer is searched first, because the root file system may have a command with the same name.
 *
 * @throws RunError if the command is not found: bubblewrap's own message would not name the directories that were searched
 */
function located(command: string, opt: string, root: string): string {
  if (command.includes('/')) return command;
  const host = openRoot(fs.realpathSync(root));
  const directories = ENVIRONMENT.PATH.split(':').filter((directory) => !directory.startsWith('/opt/'));
  const bin = path.join(opt, 'bin');
  const own = fs.existsSync(bin) ? fs.readdirSync(bin) : [];
  if (own.includes(command)) return `/opt/bin/${command}`;
  if (directories.some((directory) => host.isFile(path.posix.join(directory, command)))) return command;
  const near = nearest(command, own);
  throw new RunError([
    `no command '${printableName(command)}' in the function${near === undefined ? '' : `: did you mean ${printableName(near)}?`}`,
    `  the layer has ${printableName(own.join(', ')) || 'none'}; searched: ${ENVIRONMENT.PATH}`,
  ].join('\n'));
}

/** Signals that are forwarded to the command. */
const PASSED_ON = ['SIGINT', 'SIGQUIT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'] as const;

/** @returns the exit code of the command */
async function start(sandbox: Sandbox, command: readonly string[]): Promise<number> {
  // in another session: the terminal's signals would otherwise end bubblewrap, and the command with it
  const bubblewrap = startInSandbox(sandbox, command, ['--json-status-fd', '3'], ['inherit', 'inherit', 'inherit', 'pipe']);
  let first: number | undefined;
  let said = '';
  (bubblewrap.stdio[3] as Readable | null)?.on('data', (data: Buffer) => {
    said += data.toString();
    first ??= Number(/"child-pid": (\d+)/.exec(said)?.[1]) || undefined;
  });
  const send = (signal: NodeJS.Signals) => signalTo(first, bubblewrap, signal);
  const handlers: [NodeJS.Signals, () => void][] = PASSED_ON.map((signal) => [signal, () => send(signal)]);
  handlers.push(['SIGTSTP', () => {
    send('SIGSTOP'); // SIGTSTP has no effect in an orphaned process group
    process.kill(process.pid, 'SIGSTOP');
  }]);
  for (const [signal, handler] of handlers) process.on(signal, handler);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
      bubblewrap.once('error', reject);
      bubblewrap.once('close', (ended, by) => resolve({ code: ended, signal: by }));
    });
    if (first === undefined) throw new RunError(`bubblewrap cannot create the sandbox\n${ALLOW}`);
    return code ?? 128 + os.constants.signals[signal!];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new RunError(`running a command requires bubblewrap: ${INSTALL}`);
    throw error;
  } finally {
    for (const [name, handler] of handlers) process.off(name, handler);
  }
}

/**
 * Sends a signal to the command's process group. A signal to only the leader of the group would have no effect: the leader is PID 1 of the
 * namespace, which ignores signals (pid_namespaces(7)).
 */
function signalTo(first: number | undefined, bubblewrap: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (first === undefined) bubblewrap.kill(signal);
    else process.kill(-first, signal);
  } catch {
    // it has ended, or not started yet
  }
}

function variable(value: string, before: Record<string, string>): Record<string, string> {
  const at = value.indexOf('=');
  if (at <= 0) throw new UsageError(`--env ${value}: expected NAME=VALUE`);
  return { ...before, [value.slice(0, at)]: value.slice(at + 1) };
}
