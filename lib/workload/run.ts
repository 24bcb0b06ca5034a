/**
 * Runs a command of a workload in the sandbox of `testCommand`, under strace, and reads from the log which files it used.
 */
import * as fs from 'fs';
import * as path from 'path';
import { type Workload, WorkloadError } from './workload';
import { type EndedChild, onPath } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { bwrapUser } from '../sandbox/bubblewrap';
import { runInLayer, TASK } from '../sandbox/trial';
import { LineReader } from '../trace/call';
import { CALLS, Log, type Trace } from '../trace/log';
import { linesOf, MOST_LOG, MOST_TIME, optionsOf } from '../trace/strace';

export interface CommandRun {
  readonly ended: EndedChild;
  readonly trace: Trace;
  /** address and port of the first host that the command could not reach */
  readonly unreachable?: string;
}

/** A layer as a directory. */
export interface Directory {
  /** the directory that is mounted at `/opt` */
  readonly opt: string;
  /** names in `/opt/bin` */
  readonly programs: readonly string[];
}

const STRACE = 'strace';

/** @throws WorkloadError if strace is not installed */
export function checkStrace(): void {
  if (onPath(STRACE).length > 0) return;
  throw new WorkloadError(
    'the commands of workload are run under strace, and no strace is on PATH: install it on the machine that synthesizes, ' +
    'for example with apt-get install strace',
    'workload',
  );
}

/**
 * Runs one command line with a layer at `/opt`.
 *
 * @param mounts additional options of bubblewrap
 * @throws WorkloadError if strace cannot trace here
 */
export function runCommand(
  command: string,
  { opt, programs }: Directory,
  { files }: Workload,
  mounts: readonly string[] = [],
  timeout = MOST_TIME,
): CommandRun {
  const directory = temporaryDirectory('workload');
  try {
    const { uid, gid } = bwrapUser();
    if (uid !== undefined) fs.chownSync(directory, uid, gid!);
    const log = path.join(directory, 'log');
    const tracer = [STRACE, ...optionsOf(log, `${CALLS},?connect`)];
    const ended = runInLayer({ opt, programs, command, timeout, task: files, tracer, mounts });
    if (!fs.existsSync(log)) throw new WorkloadError(cannotTrace(ended), 'workload');
    return { ended, ...readLog(log, command) };
  } finally {
    discard(directory);
  }
}

function readLog(file: string, command: string): Omit<CommandRun, 'ended'> {
  const log = new Log(TASK, TASK);
  const connections = new LineReader();
  let unreachable: string | undefined;
  for (const line of linesOf(file, () => longLog(command))) {
    log.add(line);
    if (unreachable !== undefined || !line.includes('connect')) continue;
    const call = connections.read(line)?.call;
    if (call?.name === 'connect' && call.result === -1) unreachable = addressIn(call.args[1]?.raw ?? '');
  }
  return { trace: log.trace(), unreachable };
}

/** The address of a socket as strace writes it; `undefined` if it is not an internet address. */
function addressIn(socket: string): string | undefined {
  const [, port] = /sin6?_port=htons\((\d+)\)/.exec(socket) ?? [];
  const [, address] = /"((?:\\x[0-9a-f]{2})+)"/.exec(socket) ?? [];
  if (port === undefined || address === undefined) return undefined;
  return `${Buffer.from(address.replaceAll('\\x', ''), 'hex').toString('latin1')} port ${port}`;
}

function longLog(command: string): WorkloadError {
  const problem = `the workload command '${command}' makes more than ${MOST_LOG} bytes of strace's log`;
  return new WorkloadError(`${problem}: let the command do less`, 'workload');
}

function cannotTrace({ stderr }: EndedChild): string {
  return [
    `strace cannot trace the commands of workload here: ${stderr.trimEnd().split('\n').at(-1) || 'no output'}`,
    '  allow ptrace: start a container with --cap-add=SYS_PTRACE; where Yama is enabled, set kernel.yama.ptrace_scope below 3',
  ].join('\n');
}

/** The error for a command that fails although nothing was left out of the layer. */
export function failure(command: string, { ended, unreachable }: CommandRun, timeout = MOST_TIME): WorkloadError {
  const how = ended.timedOut ? `had not ended after ${timeout / 1000} s and was killed` :
    `ended with ${howItEnded(ended)}, expected exit code 0`;
  return new WorkloadError([
    `the workload command '${command}' ${how}; nothing was written`,
    '  it ran in the complete layer, from which nothing was left out yet: slimming is not the cause',
    ...(unreachable === undefined ? [] : [`  it tried to reach ${unreachable}, and workload commands have no network: put what it ` +
      'downloads into workloadFiles']),
    lastLines(ended.stdout),
  ].join('\n'), 'workload', 'workloadFiles');
}
