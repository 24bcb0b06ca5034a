/**
 * The exporting process: makes a container of an image, writes its file system below a directory, and removes the
 * container again, whatever comes. Nothing of the image is run. A process of its own, because a construct is synchronous
 * and a stream is not, and because this one lives to clean up where a signal ends the other.
 *
 * usage: node export.js REQUEST, an `Export` as JSON
 */
import { once } from 'events';
import type { Readable } from 'stream';
import { failure, removal } from './engine';
import { unpack } from './untar';
import { runChild, runDetached, startChild } from '../../process/child';
import { lastLines } from '../../process/command';
import { engineEnvironment } from '../../process/environment';
import { discard } from '../../process/remove-tree';

export interface Export {
  readonly engine: string;
  readonly reference: string;
  /** `linux/arm64`; the engine's own if not given */
  readonly platform?: string;
  /** the name of the container */
  readonly container: string;
  /** empty, and there */
  readonly directory: string;
}

/** Podman wants a command for an image that has none. It is not run, and need not exist. */
const COMMAND = '/x';

/**
 * What Node calls a pipe is a socket, and Podman, which opens /dev/stdout, cannot open that on Linux: between them stands
 * a pipe of the shell's. Its status would be that of its last command, so the first one's goes to a file descriptor.
 */
const PIPED = '{ "$@" 3>&-; echo $? >&3; } | cat 3>&-';

/** Characters of what an engine says that are kept. */
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

async function main({ engine, reference, platform, container, directory }: Export): Promise<void> {
  let isThere = false;
  try {
    const create = ['create', '--pull=never', ...(platform === undefined ? [] : ['--platform', platform]), '--name', container, reference, COMMAND];
    const created = runChild(engine, create, { environment: engineEnvironment() });
    isThere = !created.failed;
    checkStopped();
    if (created.failed) throw new Error(failure([engine, ...create], created, created.stderr));
    await writeExport(engine, container, directory);
  } catch (error) {
    discard(directory);
    throw error;
  } finally {
    // a process group of its own: Ctrl-C reaches all of this one's
    const { failed, stderr } = await runDetached(engine, removal(container), { environment: engineEnvironment(), diesWithParent: false });
    if (isThere && failed) process.stderr.write(`the container ${container} could not be removed\n${lastLines(stderr)}\n`);
  }
}

async function writeExport(engine: string, container: string, directory: string): Promise<void> {
  const command = [engine, 'export', container];
  // a process group of its own, which can be ended as one
  const exporting = startChild('sh', ['-c', PIPED, 'sh', ...command], {
    environment: engineEnvironment(), stdio: ['ignore', 'pipe', 'pipe', 'pipe'], detached: true,
  });
  const ended = once(exporting, 'close');
  stopExport = () => {
    try {
      process.kill(-exporting.pid!);
    } catch {
      // it has just ended
    }
  };
  const status = lastOf(exporting.stdio![3] as Readable);
  const stderr = lastOf(exporting.stderr!);
  const stream = { isAtEnd: false };
  let problem: unknown;
  try {
    await unpack(whileWanted(exporting.stdout!, stream), directory);
  } catch (error) {
    problem = error;
    if (!stream.isAtEnd) stopExport();
  }
  const [, signal] = await ended as [number | null, NodeJS.Signals | null];
  stopExport = () => {};
  checkStopped();
  // an engine that fails cuts its archive short: what it says is the reason
  const exitCode = await status === '' ? undefined : Number(await status);
  if (stream.isAtEnd && exitCode !== 0) throw new Error(failure(command, { exitCode, signal: signal ?? undefined }, await stderr));
  if (problem) throw problem;
}

/** The end of what comes from a stream, when it is at its own. */
async function lastOf(stream: Readable): Promise<string> {
  let last = '';
  for await (const text of stream.setEncoding('utf8')) last = (last + text).slice(-MOST_SAID);
  return last;
}

/** Stops when a signal has come, and when nobody waits for the outcome any more. */
async function* whileWanted(chunks: AsyncIterable<Buffer>, stream: { isAtEnd: boolean }): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    checkStopped();
    yield chunk;
  }
  stream.isAtEnd = true;
}

function checkStopped(): void {
  if (stopped === undefined && process.ppid !== parent) stopped = 'the end of the process that asked for it';
  if (stopped !== undefined) throw new Error(`stopped by ${stopped}`);
}

main(JSON.parse(process.argv[2]) as Export).catch((error: Error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
