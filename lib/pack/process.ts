/**
 * The packing process: writes zips of plans. It is a separate process because constructs are synchronous and compression is
 * asynchronous.
 *
 * usage: node process.js
 *
 * Each line of standard input is JSON: `FilesAhead`, or a `Packing`. Each `Packing` is answered with one line of JSON, an `Answer`; if it
 * wants reports, with several.
 * When its input ends, the process still writes all zips that it was asked for. If its parent has died, it ends at once.
 */
import { createHash } from 'crypto';
import { Ahead } from './ahead';
import { KnownBlocks } from './known-blocks';
import { SmallFiles } from './small-files';
import type { Packed, Progress } from './zip';
import { writeZip } from './zip';
import { isDefect, LayerError, type OptionName } from '../error';
import type { PackedPlan } from '../plan/layout/plan';
import { openRoot } from '../root/open-root';
import type { RootPath } from '../root/paths';

/** Files that the next layer may contain. */
export interface FilesAhead {
  /** resolved paths in the root */
  readonly ahead: readonly RootPath[];
  /** the location of the root: see `openRoot` */
  readonly root: string;
}

export interface Packing {
  readonly plan: PackedPlan;
  /** absolute path of the zip */
  readonly file: string;
  /** absolute path of the incomplete zip @default - see `writeZip` */
  readonly temporary?: string;
  /** whether the zip will be kept in the cache. If so, it is hashed, and its compressed blocks are kept for the next layer */
  readonly isKept: boolean;
  /** whether to report, before the answer, how many bytes are packed so far @default false */
  readonly reports?: boolean;
}

export interface PackedZip extends Packed {
  /** SHA-256 of the zip if it is kept, in hexadecimal digits */
  readonly sha256?: string;
}

/** Has `packed` or `problem`; a report has only `done`. */
export interface Answer {
  readonly packed?: PackedZip;
  /** the message of the error */
  readonly problem?: string;
  /** the options of the error: see `LayerError` */
  readonly options?: readonly OptionName[];
  /** the stack of the error, if it is a defect of this library */
  readonly defect?: string;
  /** bytes that are packed so far */
  readonly done?: number;
}

/** Interval at which to check whether the parent has died, in milliseconds. */
const CHECK_INTERVAL = 100;
/** Shortest time between two reports, in milliseconds. */
const REPORT_INTERVAL = 50;

const known = new KnownBlocks();
const ahead = new Ahead(known);
const small = new SmallFiles();

async function answerTo({ plan, file, temporary, isKept, reports = false }: Packing): Promise<Answer> {
  try {
    const hash = isKept ? createHash('sha256') : undefined;
    const blocks = isKept ? known : { deflated: known.deflatedLast.bind(known) };
    const written = await writeZip(plan, file, reports ? reporter() : undefined, { hash, known: blocks, ahead, small, temporary });
    return { packed: { ...written, sha256: hash?.digest('hex') } };
  } catch (error) {
    const { message, stack } = error as Error;
    const options = error instanceof LayerError ? error.options : undefined;
    return { problem: message, options, defect: isDefect(error) ? stack : undefined };
  } finally {
    known.packed();
  }
}

function reporter(): Progress {
  let last = performance.now();
  return (done) => {
    if (performance.now() - last < REPORT_INTERVAL) return;
    last = performance.now();
    say({ done });
  };
}

function say(answer: Answer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** Zips are written one after the other: two at a time would need twice as much memory. */
let lastAnswer = Promise.resolve();

function take(line: FilesAhead | Packing): void {
  if ('ahead' in line) {
    ahead.add(openRoot(line.root), line.ahead);
  } else {
    ahead.stop();
    lastAnswer = lastAnswer.then(() => answerTo(line)).then(say);
  }
}

const LINE_BREAK = 10;
let parts: Buffer[] = [];
process.stdin.on('data', (part: Buffer) => {
  let start = 0;
  for (let end; (end = part.indexOf(LINE_BREAK, start)) >= 0; start = end + 1) {
    parts.push(part.subarray(start, end));
    take(JSON.parse(Buffer.concat(parts).toString()) as FilesAhead | Packing);
    parts = [];
  }
  parts.push(part.subarray(start));
});
const parent = process.ppid;
process.stdin.once('end', () => {
  ahead.stop();
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, CHECK_INTERVAL).unref();
});
