/**
 * Compresses small files on another thread, many at a time, while this thread reads and edits the next ones. zlib's own threads are not
 * used: an asynchronous call takes longer than the compression of a small file.
 */
import { Worker } from 'worker_threads';
import { deflateAtOnce } from './deflate';
import { ownFile } from '../process/own-file';

/** The thread. See `ownFile`. */
const THREAD = 'pack/small-files-thread.js';
/**
 * Files are collected until they have this many bytes, and then passed to the thread together. If the thread is not running, fewer bytes
 * do not start it, because that takes 20 ms: they are compressed on this thread.
 */
const BATCH = 256 * 1024;

/** Files one after the other, and their sizes in bytes. */
export interface Batch {
  readonly bytes: ArrayBuffer;
  readonly sizes: readonly number[];
}

interface Job {
  readonly content: Buffer;
  readonly resolve: (deflated: Buffer) => void;
  readonly reject: (error: Error) => void;
}

export class SmallFiles {
  private jobs: Job[] = [];
  private bytes = 0;
  private thread?: Worker;
  /** batches that the thread has not compressed yet, in order */
  private readonly sent: Job[][] = [];

  public deflate(content: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      // when the event loop continues, this thread waits for compressed files, so the collected files are sent even if they are few
      if (this.jobs.length === 0) setImmediate(() => this.send());
      this.jobs.push({ content, resolve, reject });
      this.bytes += content.length;
      if (this.bytes >= BATCH) this.send();
    });
  }

  private send(): void {
    const { jobs, bytes } = this;
    this.jobs = [];
    this.bytes = 0;
    if (jobs.length === 0) return;
    if (bytes >= BATCH) this.thread ??= this.start();
    if (this.thread === undefined) {
      for (const { content, resolve } of jobs) resolve(deflateAtOnce(content));
      return;
    }
    this.sent.push(jobs);
    const batch = batchOf(jobs.map(({ content }) => content));
    this.thread.ref();
    this.thread.postMessage(batch, [batch.bytes]);
  }

  /** @returns `undefined` if no thread can be started, for example because this user may not have more */
  private start(): Worker | undefined {
    let thread: Worker;
    try {
      thread = new Worker(ownFile(THREAD), { env: {}, execArgv: [] });
    } catch {
      return undefined;
    }
    thread.on('message', (batch: Batch) => {
      const jobs = this.sent.shift()!;
      filesOf(batch).forEach((deflated, index) => jobs[index].resolve(deflated));
      // a thread without work must not keep this process running
      if (this.sent.length === 0) thread.unref();
    });
    const fail = (error: Error) => {
      if (this.thread !== thread) return; // `error` is followed by `exit`, and another thread may have been started in between
      this.thread = undefined;
      for (const { reject } of this.sent.splice(0).flat()) reject(error);
    };
    thread.on('error', fail);
    thread.on('exit', () => fail(new Error('the thread that compresses small files has ended')));
    return thread;
  }
}

export function batchOf(files: readonly Buffer[]): Batch {
  const sizes = files.map(({ length }) => length);
  const bytes = Buffer.allocUnsafeSlow(sizes.reduce((sum, size) => sum + size, 0));
  let offset = 0;
  for (const file of files) offset += file.copy(bytes, offset);
  return { bytes: bytes.buffer, sizes };
}

export function filesOf({ bytes, sizes }: Batch): Buffer[] {
  let end = 0;
  return sizes.map((size) => Buffer.from(bytes, (end += size) - size, size));
}
