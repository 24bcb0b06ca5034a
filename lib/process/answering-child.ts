/**
 * A child process that answers each line with a line. This thread waits for the answer, because a construct is synchronous.
 *
 * The child is started before it is needed, so that it starts while this thread does other work. Node.js waits synchronously only for the
 * end of a child (`spawnSync`), so this file reads and writes the descriptors of the pipes. These descriptors do not block, so this file
 * tries again after a pause.
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

/** False on Windows, where pipes have no descriptors. */
const HAS_DESCRIPTORS = process.platform !== 'win32';

/** A child that ended before it answered. The message is what it wrote to standard error, which may be `''`. */
export class EndedError extends Error {}

export class AnsweringChild {
  private readonly child?: ChildProcess;

  /**
   * @param args arguments of Node.js. The child must end when its standard input does
   * @param hasDescriptors if false, a new child answers each line
   */
  constructor(private readonly args: readonly string[], private readonly environment: Environment, hasDescriptors = HAS_DESCRIPTORS) {
    if (!hasDescriptors) return;
    const child = startChild(process.execPath, args, { environment, stdio: ['pipe', 'pipe', 'pipe'], diesWithParent: false });
    // reported when the child does not answer
    for (const emitter of [child, child.stdin, child.stdout, child.stderr]) emitter?.on('error', () => {});
    // this process can end before the child does
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

  /** Ends the child. If it is still at work, it ends when the work is done. */
  public end(): void {
    for (const pipe of [this.child?.stdin, this.child?.stdout, this.child?.stderr]) pipe?.destroy();
  }

  private askNew(line: string): string {
    const { stdout, stderr } = runChild(process.execPath, this.args, { environment: this.environment, input: `${line}\n` });
    if (stdout === '') throw new EndedError(stderr);
    return stdout;
  }
}

/** The descriptor of a pipe, which Node.js does not document; `undefined` if the pipe is closed. */
function descriptorOf(pipe: unknown): number | undefined {
  const { fd } = (pipe as { _handle?: { fd: number } | null } | null)?._handle ?? {};
  return fd === undefined || fd < 0 ? undefined : fd;
}

function writeAll(descriptor: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) {
    written += waiting(() => fs.writeSync(descriptor, bytes, written));
  }
}

/** Reads until `end` occurs, or to the end of the file. */
function readUntil(descriptor: number, end?: string): string {
  const [parts, buffer] = [[] as Buffer[], Buffer.alloc(READ_BYTES)];
  for (;;) {
    const length = waiting(() => fs.readSync(descriptor, buffer));
    const part = Buffer.from(buffer.subarray(0, length));
    parts.push(part);
    if (length === 0 || (end !== undefined && part.includes(end))) return Buffer.concat(parts).toString();
  }
}

/** Repeats a system call, with pauses, until it no longer fails with EAGAIN. */
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
