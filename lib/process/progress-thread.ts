/**
 * The thread that draws the bar of a step. It reads the progress from shared memory, because the thread that does the work may be blocked.
 *
 * usage: new Worker(progress-thread.js, { workerData }), where `workerData` is a `Drawing`
 */
import * as fs from 'fs';
import * as path from 'path';
import { workerData } from 'worker_threads';
import { SingleBar } from 'cli-progress';
import {
  CLEAR, DEFAULT_COLUMNS, DONE, DRAWING, type Drawing, ENDED, NOT_STARTED, shortened, STATE, type Step,
} from './progress';

/** Time between two drawings, in milliseconds. */
const INTERVAL = 200;

const BAR = 30;
/** Number of characters that a line has besides the title and the total: the bar, brackets, ` 100 % of `. */
const BESIDE = BAR + ' [] 100 % of '.length;

function draw({ step, fd, columns, shared }: Drawing): void {
  const state = new Int32Array(shared, STATE, 2);
  if (Atomics.compareExchange(state, 1, NOT_STARTED, DRAWING) !== NOT_STARTED) return;
  try {
    const redraw = drawingOf(step, new BigInt64Array(shared, DONE, 1), fd, columns || DEFAULT_COLUMNS);
    do redraw(); while (Atomics.wait(state, 0, 0, INTERVAL) === 'timed-out');
    fs.writeSync(fd, CLEAR);
  } finally {
    Atomics.store(state, 1, ENDED);
    Atomics.notify(state, 1);
  }
}

/** Returns a function that draws the current state over the previous one. */
function drawingOf({ title, total, shown = `${total}`, growing }: Step, done: BigInt64Array, fd: number, columns: number): () => void {
  const write = (text: string) => fs.writeSync(fd, text);
  if (total === undefined) {
    const start = Date.now();
    return () => {
      const time = ` (${Math.round((Date.now() - start) / 1000)} s)`;
      write(`${CLEAR}${shortened(title, columns - time.length - 1)}${time}`);
    };
  }
  const safe = (text: string) => text.replace(/[{}]/g, '');
  const bar = new SingleBar({
    format: `${safe(shortened(title, columns - BESIDE - shown.length - 1))} [{bar}] {percentage} % of ${safe(shown)}`,
    barsize: BAR,
    hideCursor: null,
    // false would turn off the terminal's line wrapping, which would stay off if this process were killed
    linewrap: true,
    stream: { isTTY: true, columns, write } as unknown as NodeJS.WritableStream,
  });
  bar.start(total, 0);
  const units = growing === undefined ? () => Number(Atomics.load(done, 0)) : () => sizeOf(growing);
  return () => bar.update(Math.min(units(), total));
}

/** Bytes in the files of some directories, which another process is writing. */
function sizeOf(directories: readonly string[]): number {
  let bytes = 0;
  for (const directory of directories) {
    try {
      for (const name of fs.readdirSync(directory)) {
        const stat = fs.lstatSync(path.join(directory, name), { throwIfNoEntry: false });
        if (stat?.isFile()) bytes += stat.size;
      }
    } catch {
      // does not exist yet, or no longer
    }
  }
  return bytes;
}

draw(workerData as Drawing);
