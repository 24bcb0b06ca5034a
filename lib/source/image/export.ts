/**
 * The exporting process: creates a container from an image, writes its file system to a directory, and always removes the
 * container. It never runs the image. It is a process of its own for two reasons: a construct is synchronous, but a stream is not;
 * and it survives a signal that ends its parent, so it can clean up.
 *
 * usage: node export.js REQUEST, an `Export` as JSON
 */
import { once } from 'events';
import type { Readable } from 'stream';
import { WriteStream } from 'tty';
import { failure, removal } from './engine';
import { unpack } from './untar';
import { runChild, runDetached, startChild } from '../../process/child';
import { lastLines } from '../../process/command';
import { engineEnvironment } from '../../process/environment';
import { startProgress, type Step } from '../../process/progress';
import { discard } from '../../process/remove-tree';

export interface Export {
  readonly engine: string;
  readonly reference: string;
  /** `linux/arm64` @default - the engine's own */
  readonly platform?: string;
  /** name of the container */
  readonly container: string;
  /** must exist and be empty */
  readonly directory: string;
  /** the step whose progress is shown on the terminal at descriptor TERMINAL; its units are bytes @default - no progress is shown */
  readonly step?: Step;
}

/** See `hasTerminal` of `runChild`. */
const TERMINAL = 3;

/** Podman requires a command for an image that has none. It never runs and need not exist. */
const COMMAND = '/x';

/**
 * The pipes of Node.js are sockets. Podman opens /dev/stdout, which fails on Linux if standard output is a socket. So a shell creates
 * a real pipe. The shell's exit code is that of `cat`, the last command, so the engine's exit code is written to file descriptor 3.
 */
const PIPED = '{ "$@" 3>&-; echo $? >&3; } | cat 3>&-';

/** Maximum number of characters kept of an engine's output. */
const MOST_SAID = 64 * 1024;

const parent = process.ppid;
let stopped: string | undefined;
let stopExport = () => {};

for (const signal of ['SIGHUP', 'SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    stopped = signal;
    stopExport();
  });
}

async function main({ engine, reference, platform, container, directory, step }: Export): Promise<void> {
  let isThere = false;
  const progress = step && startProgress(step, Object.assign(new WriteStream(TERMINAL), { fd: TERMINAL }));
  try {
    const create = [
      'create',
      '--pull=never',
      ...(platform === undefined ? [] : ['--platform', platform]),
      '--name',
      container,
      reference,
      COMMAND,
    ];
    const created = runChild(engine, create, { environment: engineEnvironment() });
    isThere = !created.failed;
    checkStopped();
    if (created.failed) throw new Error(failure([engine, ...create], created, created.stderr));
    await writeExport(engine, container, directory, progress?.update);
  } catch (error) {
    discard(directory);
    throw error;
  } finally {
    progress?.stop();
    // in a new process group: Ctrl-C reaches all processes in the group of this process, and must not stop the removal
    const { failed, stderr } = await runDetached(engine, removal(container), { environment: engineEnvironment(), diesWithParent: false });
    if (isThere && failed) process.stderr.write(`cannot remove the container ${container}\n${lastLines(stderr)}\n`);
  }
}

/** @param update called with the number of exported bytes */
async function writeExport(
  engine: string,
  container: string,
  directory: string,
  update: (bytes: number) => void = () => {},
): Promise<void> {
  const command = [engine, 'export', container];
  // a process group of its own, so that it can be ended as a whole
  const exporting = startChild('sh', ['-c', PIPED, 'sh', ...command], {
    environment: engineEnvironment(), stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true,
  });
  const ended = once(exporting, 'close');
  stopExport = () => {
    try {
      process.kill(-exporting.pid!);
    } catch {
      // already ended
    }
  };
  const status = lastOf(exporting.stdio![3] as Readable);
  const stderr = lastOf(exporting.stderr!);
  const stream = { isAtEnd: false };
  let problem: unknown;
  try {
    await unpack(untilStopped(exporting.stdout!, stream, update), directory);
  } catch (error) {
    problem = error;
    if (!stream.isAtEnd) stopExport();
  }
  const [, signal] = await ended as [number | null, NodeJS.Signals | null];
  stopExport = () => {};
  checkStopped();
  // if the engine fails, its archive is truncated: report the engine's output, which states the reason
  const exitCode = await status === '' ? undefined : Number(await status);
  if (stream.isAtEnd && exitCode !== 0) throw new Error(failure(command, { exitCode, signal: signal ?? undefined }, await stderr));
  if (problem) throw problem;
}

/** The end of a stream's text, when the stream has ended. */
async function lastOf(stream: Readable): Promise<string> {
  let last = '';
  for await (const text of stream.setEncoding('utf8')) last = (last + text).slice(-MOST_SAID);
  return last;
}

/**
 * Passes the chunks on. Throws an Error after a signal, or if the parent process has ended.
 *
 * @param update called with the number of bytes so far
 */
async function* untilStopped(
  chunks: AsyncIterable<Buffer>,
  stream: { isAtEnd: boolean },
  update: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of chunks) {
    checkStopped();
    yield chunk;
    update(bytes += chunk.length);
  }
  stream.isAtEnd = true;
}

function checkStopped(): void {
  if (stopped === undefined && process.ppid !== parent) stopped = 'the end of its parent process';
  if (stopped !== undefined) throw new Error(`stopped by ${stopped}`);
}

main(JSON.parse(process.argv[2]) as Export).catch((error: Error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
