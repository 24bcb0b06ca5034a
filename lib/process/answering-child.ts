/**
 * A child process that reads lines and answers some of them, each with one line. This thread waits for the answer, because a construct is
 * synchronous.
 *
 * The child is started before it is needed, so that it starts while this thread does other work. Node.js waits synchronously only for the
 * end of a child (`spawnSync`), so this file reads and writes the descriptors of the pipes. These descriptors do not block: a call that
 * fails with EAGAIN is repeated after a pause.
 */
import type { ChildProcess } from 'child_process';
import * as fs from 'fs';
import type { Socket } from 'net';
import type { Readable } from 'stream';
import { runChild, startChild } from './child';
import type { Environment } from './environment';

/** Longest pause between two attempts of a system call, in milliseconds. */
const MOST_PAUSE = 10;
/** Length of each pause, as a share of the time since the first attempt. */
const PAUSE_SHARE = 0.02;
const READ_BYTES = 64 * 1024;

/** False on Windows, where pipes have no descriptors. */
const HAS_DESCRIPTORS = process.platform !== 'win32';

/** A child that ended before it answered. The message is what it wrote to standard error, which may be `''`. */
export class EndedError extends Error {}

export class AnsweringChild {
  private readonly child?: ChildProcess;
  /** number of lines that `ask` has written */
  private asked = 0;
  /** the answers that were read so far, in the order of the lines */
  private readonly answers: string[] = [];
  /** what was read after the last answer */
  private unread: Buffer = Buffer.alloc(0);

  /**
   * @param args arguments of Node.js. The child must end when its standard input does
   * @param hasDescriptors if false, a new child answers each line
   */
  constructor(private readonly args: readonly string[], private readonly environment: Environment, hasDescriptors = HAS_DESCRIPTORS) {
    if (!hasDescriptors) return;
    const child = startChild(process.execPath, args, { environment, stdio: ['pipe', 'pipe', 'pipe'], diesWithParent: false });
    // ignored here, because the function that waits for an answer reports that the child has ended
    for (const emitter of [child, child.stdin, child.stdout, child.stderr]) emitter?.on('error', () => {});
    // this process can end before the child does
    child.unref();
    for (const pipe of [child.stdin, child.stdout, child.stderr]) (pipe as Socket | null)?.unref();
    this.child = child;
  }

  /** Writes a line that the child does not answer. */
  public tell(line: string): void {
    const input = descriptorOf(this.child?.stdin);
    if (input === undefined) return;
    try {
      writeAll(input, Buffer.from(`${line}\n`));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error; // the child has ended: see the constructor
    }
  }

  /**
   * Writes a line that the child answers. It answers lines in the order in which they are written.
   *
   * @param line without a line break
   * @returns a function that waits for the answer and returns it; it throws EndedError if the child ends without an answer
   */
  public ask(line: string): () => string {
    const { child } = this;
    if (child === undefined) return () => this.askNew(line);
    this.tell(line);
    const number = this.asked++;
    return () => {
      while (this.answers.length <= number) this.answers.push(this.nextAnswer(child));
      return this.answers[number];
    };
  }

  /** Ends the child. If it is still at work, it ends when the work is done. */
  public end(): void {
    for (const pipe of [this.child?.stdin, this.child?.stdout, this.child?.stderr]) pipe?.destroy();
  }

  private nextAnswer({ stdout, stderr }: ChildProcess): string {
    const bytes = readUntil(stdout!, this.unread, '\n');
    const end = bytes.indexOf('\n');
    if (end < 0) throw new EndedError(readUntil(stderr!).toString());
    this.unread = bytes.subarray(end + 1);
    return bytes.toString('utf8', 0, end);
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

/** Reads until `end` occurs, or to the end of the file. @param start bytes that were read before */
function readUntil(pipe: Readable, start: Buffer = Buffer.alloc(0), end?: string): Buffer {
  // Node.js itself reads from the pipe whenever the event loop runs, and buffers these bytes
  const buffered = pipe.read() as Buffer | null;
  const parts = buffered ? [start, buffered] : [start];
  const descriptor = descriptorOf(pipe);
  while (descriptor !== undefined && (end === undefined || !parts.some((part) => part.includes(end)))) {
    const part = Buffer.alloc(READ_BYTES);
    const length = waiting(() => fs.readSync(descriptor, part));
    if (length === 0) break;
    parts.push(part.subarray(0, length));
  }
  return Buffer.concat(parts);
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
