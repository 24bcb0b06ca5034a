/**
 * A child process that answers lines with lines, while this thread waits: a construct is synchronous.
 *
 * It is started before it is needed, so that its start takes place while this thread does other work. Node.js waits synchronously only
 * for the end of a child (`spawnSync`), so this file reads and writes the descriptors of the pipes. They do not block, so it pauses in
 * between.
 */
import type { ChildProcess } from 'child_process';
import * as fs from 'fs';
import type { Socket } from 'net';
import { runChild, startChild } from './child';
import type { Environment } from './environment';

/** The longest pause, in milliseconds. */
const MOST_PAUSE = 10;
/** Each pause as a share of the time that has passed. */
const PAUSE_SHARE = 0.02;
const READ_BYTES = 64 * 1024;

/** Windows has none of pipes. */
const HAS_DESCRIPTORS = process.platform !== 'win32';

/** A child that ended before it answered. The message is what it wrote to standard error, which may be `''`. */
export class EndedError extends Error {}

export class AnsweringChild {
  private readonly child?: ChildProcess;

  /**
   * @param args of this Node.js. The child ends when its standard input does
   * @param hasDescriptors if not, each line is answered by a new child
   */
  constructor(private readonly args: readonly string[], private readonly environment: Environment, hasDescriptors = HAS_DESCRIPTORS) {
    if (!hasDescriptors) return;
    const child = startChild(process.execPath, args, { environment, stdio: ['pipe', 'pipe', 'pipe'], diesWithParent: false });
    // reported when the child does not answer
    for (const emitter of [child, child.stdin, child.stdout, child.stderr]) emitter?.on('error', () => {});
    // this process does not wait for it
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
    this.child = child;
  }

  /** Writes a line that has no answer. */
  public tell(line: string): void {
    const input = descriptorOf(this.child?.stdin);
    if (input === undefined) return;
    try {
      writeAll(input, Buffer.from(`${line}\n`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // reported by `ask`
    }
  }

  /**
   * @param line without a line break
   * @returns the line that answers it
   * @throws EndedError
   */
  public ask(line: string): string {
    if (this.child === undefined) return this.askNew(line);
    const { stdout, stderr } = this.child;
    const [output, errors] = [stdout, stderr].map(descriptorOf);
    if (output === undefined || errors === undefined) throw new EndedError('');
    this.tell(line);
    const answer = readUntil(output, '\n');
    if (answer.endsWith('\n')) return answer.slice(0, -1);
    throw new EndedError(readUntil(errors));
  }

  /** Ends the child, unless it is still at work: then it ends after that. */
  public end(): void {
    for (const pipe of [this.child?.stdin, this.child?.stdout, this.child?.stderr]) pipe?.destroy();
  }

  private askNew(line: string): string {
    const { stdout, stderr } = runChild(process.execPath, this.args, { environment: this.environment, input: `${line}\n` });
    if (stdout === '') throw new EndedError(stderr);
    return stdout;
  }
}

/** Node.js does not document the descriptor. It is absent once the pipe is closed. */
function descriptorOf(pipe: unknown): number | undefined {
  const { fd } = (pipe as { _handle?: { fd: number } | null } | null)?._handle ?? {};
  return fd === undefined || fd < 0 ? undefined : fd;
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += waiting(() => fs.writeSync(descriptor, bytes, written));
  }
}

/** Reads up to and including the end, or else to the end of the file. */
function readUntil(descriptor: number, end?: string): string {
  const [parts, buffer] = [[] as Buffer[], Buffer.alloc(READ_BYTES)];
  for (;;) {
    const length = waiting(() => fs.readSync(descriptor, buffer));
    const part = Buffer.from(buffer.subarray(0, length));
    parts.push(part);
    if (length === 0 || (end !== undefined && part.includes(end))) return Buffer.concat(parts).toString();
  }
}

/** Repeats a system call until it does not have to wait. */
function waiting(call: () => number): number {
  const start = performance.now();
  for (;;) {
    try {
      return call();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
    const pause = Math.min((performance.now() - start) * PAUSE_SHARE, MOST_PAUSE);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  }
}
