/**
 * The packing process: writes zips of plans. It is a separate process because constructs are synchronous and compression is
 * asynchronous.
 *
 * usage: node process.js
 *
 * Each line of standard input is JSON: `FilesAhead`, or a `Packing`. Each `Packing` is answered with one line of JSON, an `Answer`.
 * When its input ends, the process finishes the zip that it is writing. If its parent has died, it ends at once.
 */
import { createHash } from 'crypto';
import { Ahead } from './ahead';
import { KnownBlocks } from './known-blocks';
import type { Packed } from './zip';
import { writeZip } from './zip';
import type { Plan } from '../plan/layout/plan';
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
  readonly plan: Plan;
  /** absolute path of the zip */
  readonly file: string;
}

export interface PackedZip extends Packed {
  /** SHA-256 of the zip, in hexadecimal digits */
  readonly sha256: string;
}

/** Has one of the two properties. */
export interface Answer {
  readonly packed?: PackedZip;
  /** the message of the error */
  readonly problem?: string;
}

/** Interval at which to check whether the parent has died, in milliseconds. */
const CHECK_INTERVAL = 100;

const known = new KnownBlocks();
const ahead = new Ahead(known);

async function answerTo({ plan, file }: Packing): Promise<Answer> {
  try {
    const hash = createHash('sha256');
    const written = await writeZip(plan, file, undefined, { hash, known, ahead });
    return { packed: { ...written, sha256: hash.digest('hex') } };
  } catch (error) {
    return { problem: (error as Error).message };
  } finally {
    known.packed();
  }
}

/** Zips are written one after the other: two at a time would need twice as much memory. */
let lastAnswer = Promise.resolve();

function take(line: FilesAhead | Packing): void {
  if ('ahead' in line) {
    ahead.add(openRoot(line.root), line.ahead);
  } else {
    ahead.stop();
    lastAnswer = lastAnswer.then(() => answerTo(line)).then((answer) => void process.stdout.write(`${JSON.stringify(answer)}\n`));
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
