/**
 * Runs trace commands under strace, and reads from its log which files they open, execute, look for and list.
 *
 * strace writes names in hexadecimal (`-xx`), so no name can look like the end of a string or of a line. After each file
 * descriptor, it writes the descriptor's path (`-y`).
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { CALLS, Log, type Opened, type Trace } from './log';
import { LayerError } from '../error';
import { type EndedChild, runChild } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { traceEnvironment } from '../process/environment';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';

/** A trace command failed, or strace cannot trace on this machine. */
export class TraceError extends LayerError {}

/**
 * Time limit for a trace command and all processes that it starts, in milliseconds: strace waits for the last of them, so a daemon
 * would make it wait forever.
 */
export const MOST_TIME = 600_000;

/** Size limit for a log in bytes: a busy program writes some tens of megabytes per minute. */
export const MOST_LOG = 1024 ** 3;

/**
 * The shell enters the directory before it runs the command line. Files that it opens before that are the shell's own, and are ignored.
 * `sh -c SCRIPT sh DIRECTORY COMMAND-LINE`
 */
const SCRIPT = 'exec 2>&1; cd -- "$1" && shift && eval "$1"';

/**
 * A script that runs strace. On SIGTERM, which it receives at the time limit or when this process ends, it kills the traced processes and
 * strace: if only strace were killed, the traced processes would keep running (strace's option --kill-on-exit is newer than Debian 12).
 * `sh -c TRACER sh STRACE-ARGUMENTS`
 */
const TRACER = `
strace "$@" &
tracer=$!
end() {
  while :; do
    left=
    for status in /proc/[0-9]*/status; do
      while read -r key value; do
        [ "$key" = TracerPid: ] || continue
        if [ "$value" = "$tracer" ]; then
          left=1
          process=\${status%/status}
          kill -KILL "\${process#/proc/}"
        fi
        break
      done < "$status"
    done
    [ "$left" ] || break
  done
  kill -KILL "$tracer"
  exit 143
} 2>/dev/null
trap end TERM
wait "$tracer"`;

const INSTALL = 'traceCommands require strace, which is not on PATH: ' +
  'install it on the machine that synthesizes, for example with apt-get install strace';

/**
 * Runs trace commands one after the other, each in an empty directory that is removed afterwards, in the environment
 * `traceEnvironment`.
 *
 * In the result, `opened` has regular files outside temporary directories, `/proc`, `/sys` and `/dev`. `looked` and `listed` have all
 * paths that the commands depend on, including opened ones: the result stays valid as long as these paths do not change.
 *
 * @param mostTime time after which a command and everything that it started is killed, in milliseconds
 * @throws TraceError
 */
export function trace(commands: readonly string[], mostTime = MOST_TIME): Trace {
  const opened = new Map<string, Opened>();
  const looked = new Set<string>();
  const listed = new Set<string>();
  for (const command of commands) {
    const directory = fs.realpathSync(temporaryDirectory('trace'));
    try {
      const traced = traceCommand(command, directory, mostTime);
      for (const file of traced.opened) {
        const inSource = fileOfSource(file, directory);
        if (inSource && !opened.has(inSource.path)) opened.set(inSource.path, inSource);
      }
      const isElsewhere = (name: string) => name !== directory && !name.startsWith(`${directory}/`);
      for (const name of [...traced.looked, ...traced.opened.map((file) => file.path)].filter(isElsewhere)) looked.add(name);
      for (const name of traced.listed.filter(isElsewhere)) listed.add(name);
    } finally {
      discard(directory);
    }
  }
  const sorted = [...opened.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return { opened: sorted, looked: [...looked].sort(), listed: [...listed].sort() };
}

function traceCommand(command: string, directory: string, mostTime: number): Trace {
  const work = path.join(directory, 'work');
  fs.mkdirSync(work, { mode: 0o700 });
  const file = path.join(directory, 'log');
  const options = optionsOf(file, CALLS);
  const ended = runChild('/bin/sh', ['-c', TRACER, 'sh', ...options, '/bin/sh', '-c', SCRIPT, 'sh', work, command], {
    environment: traceEnvironment(work), timeout: mostTime, killSignal: 'SIGTERM',
  });
  if (!fs.existsSync(file)) throw new TraceError(ended.exitCode === 127 ? INSTALL : cannotTrace(ended), 'traceCommands');
  const log = new Log(work, work);
  for (const line of linesOf(file, () => longLog(command, file))) log.add(line);
  if (!log.hasBegun) throw new TraceError(cannotTrace(ended), 'traceCommands');
  if (ended.timedOut) {
    throw new TraceError([
      `the trace command '${command}' and the processes that it started had not ended after ${mostTime / 1000} s and were killed; ` +
        'nothing was packed',
      lastLines(ended.stdout),
      '  end its background processes, for example with kill $! in its last line',
    ].join('\n'), 'traceCommands');
  }
  if (ended.failed) {
    const problem = `the trace command '${command}' ended with ${howItEnded(ended)}, expected exit code 0; nothing was packed`;
    throw new TraceError(`${problem}\n${lastLines(ended.stdout)}`, 'traceCommands');
  }
  return log.trace();
}

/**
 * Options of strace for a log that `Log` reads.
 *
 * @param calls for strace's option `-e trace=`
 */
export function optionsOf(file: string, calls: string): string[] {
  return ['-f', '-o', file, '-qq', '--seccomp-bpf', '-y', '-xx', '-s', '0', '-e', 'signal=none', '-e', `trace=${calls}`];
}

function cannotTrace({ stderr }: EndedChild): string {
  return [
    `strace cannot trace traceCommands here: ${stderr.trimEnd().split('\n').at(-1) || 'no output'}`,
    '  allow ptrace: start a container with --cap-add=SYS_PTRACE; where Yama is enabled, set kernel.yama.ptrace_scope below 3',
  ].join('\n');
}

function longLog(command: string, file: string): TraceError {
  const { size } = fs.statSync(file);
  const problem = `the trace command '${command}' makes ${size} bytes of strace's log, expected at most ${MOST_LOG}`;
  return new TraceError(`${problem}: trace a shorter run of the program`, 'traceCommands');
}

/**
 * The lines of a log, decoded as Latin-1.
 *
 * @throws the error of `tooLong` if it has more than `MOST_LOG` bytes
 */
export function* linesOf(file: string, tooLong: () => Error): Generator<string> {
  const descriptor = fs.openSync(file, 'r');
  try {
    if (fs.fstatSync(descriptor).size > MOST_LOG) throw tooLong();
    const chunk = Buffer.alloc(1024 * 1024);
    let rest = '';
    for (let length; (length = fs.readSync(descriptor, chunk, 0, chunk.length, null)) > 0; ) {
      const lines = (rest + chunk.toString('latin1', 0, length)).split('\n');
      rest = lines.pop()!;
      yield* lines;
    }
    yield rest;
  } finally {
    fs.closeSync(descriptor);
  }
}

/** Directories whose files are never packed: they are temporary, or the kernel generates them. */
const FLEETING = ['/tmp', '/proc', '/sys', '/dev'];

/**
 * Returns the file if it belongs to the source; `undefined` if it is temporary, not a regular file, or removed.
 *
 * @param directory the command's own directory, links resolved; its parent is the directory for temporary files
 */
function fileOfSource({ path: name, by }: Opened, directory: string): Opened | undefined {
  let real: string;
  try {
    real = fs.realpathSync(name);
    if (!fs.statSync(real).isFile()) return undefined;
  } catch {
    return undefined;
  }
  const fleeting = [...FLEETING, os.tmpdir(), path.dirname(directory)];
  const isFleeting = (file: string) => fleeting.some((above) => file === above || file.startsWith(`${above}/`));
  if (isFleeting(real)) return undefined;
  // a link in a temporary directory is not part of the source, but the file that it leads to is
  return { path: isFleeting(name) ? real : name, by };
}
