/**
 * Progress of long steps, on standard error: a bar on a terminal, one line for each step elsewhere, such as in the log of CI.
 *
 * Another thread draws the bar (`progress-thread.ts`), because most steps block this thread while they wait for a child process.
 */
import { Worker } from 'worker_threads';
import { ownFile } from './own-file';

/** The thread that draws. See `ownFile`. */
const THREAD = 'process/progress-thread.js';

/** Removes the text of the cursor's line (ECMA-48: CR, EL). */
export const CLEAR = '\r\x1b[K';
export const DEFAULT_COLUMNS = 80;

/** How long to wait for the thread to remove its bar, in milliseconds. */
const MOST_WAIT = 1000;

export interface Step {
  /** the current activity: `unpacking 12 packages` */
  readonly title: string;
  /** number of units to do @default - unknown: the elapsed time is shown in place of a bar */
  readonly total?: number;
  /** the total in words: `12 MB` @default - a bar shows the number, a line shows no total */
  readonly shown?: string;
  /** directories in which the step writes files: their size in bytes is the progress @default - `update` sets the progress */
  readonly growing?: readonly string[];
  /** true for a short step, which is shown only on a terminal @default false */
  readonly isBarOnly?: boolean;
}

/** The input of the thread. */
export interface Drawing {
  readonly step: Step;
  /** descriptor of the terminal */
  readonly fd: number;
  /** width of the terminal, in characters; 0 if it is unknown */
  readonly columns: number;
  readonly shared: SharedArrayBuffer;
}

/** Offset of two 32-bit numbers in the shared memory: a request to the thread (STOP, or 0 for none), and the state of the thread. */
export const STATE = 0;
/** Offset of a 64-bit number: the number of units that are done. */
export const DONE = 8;
const SHARED_BYTES = 16;

const STOP = 1;
/** States of the thread. */
export const NOT_STARTED = 0;
export const DRAWING = 1;
export const ENDED = 2;

export interface StepProgress {
  /** @param done units since the beginning */
  readonly update: (done: number) => void;
  /** Remove the bar. Further calls do nothing. */
  readonly stop: () => void;
}

/** A stream of a terminal, such as standard error. */
export type Terminal = Pick<NodeJS.WriteStream, 'isTTY' | 'columns' | 'write'> & { readonly fd: number };

let isSilent = false;

/** Print no progress in this process. */
export function silenceProgress(): void {
  isSilent = true;
}

/** True if steps are shown as bars. */
export function hasBars(stream: Terminal = process.stderr): boolean {
  return !isSilent && stream.isTTY && process.env.TERM !== 'dumb';
}

export function startProgress(step: Step, stream: Terminal = process.stderr): StepProgress {
  if (hasBars(stream)) return drawn(step, stream);
  const { title, shown, isBarOnly = false } = step;
  if (!isSilent && !isBarOnly) stream.write(`${title}${shown === undefined ? '' : `, ${shown}`}\n`);
  return { update: () => {}, stop: () => {} };
}

function drawn(step: Step, stream: Terminal): StepProgress {
  const { fd, columns = 0 } = stream;
  // shown at once: the step may end before the thread has started
  stream.write(`${CLEAR}${shortened(step.title, (columns || DEFAULT_COLUMNS) - 1)}`);
  const shared = new SharedArrayBuffer(SHARED_BYTES);
  const state = new Int32Array(shared, STATE, 2);
  const done = new BigInt64Array(shared, DONE, 1);
  const thread = new Worker(ownFile(THREAD), { workerData: { step, fd, columns, shared } satisfies Drawing, env: {}, execArgv: [] });
  thread.unref();
  // a step does not fail because its progress cannot be shown
  thread.on('error', () => {});
  return {
    update: (units) => {
      Atomics.store(done, 0, BigInt(Math.round(units)));
    },
    stop: () => {
      Atomics.store(state, 0, STOP);
      Atomics.notify(state, 0);
      // wait for the drawing thread, which could otherwise draw over the text that this process prints next
      const before = Atomics.compareExchange(state, 1, NOT_STARTED, ENDED);
      if (before === DRAWING) Atomics.wait(state, 1, DRAWING, MOST_WAIT);
      if (before === NOT_STARTED) stream.write(CLEAR);
    },
  };
}

/** Cuts off the beginning of a title that is too long. The beginning only names the source; the end says what is being done. */
export function shortened(title: string, room: number): string {
  return title.length <= room ? title : `…${title.slice(title.length - Math.max(room - 1, 0))}`;
}

/** Shows progress while synchronous work is done. */
export function withProgress<T>(step: Step, work: (update: (done: number) => void) => T, stream?: Terminal): T {
  const { update, stop } = startProgress(step, stream);
  try {
    return work(update);
  } finally {
    stop();
  }
}
