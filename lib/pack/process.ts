/**
 * The packing process: writes zips of plans. It is a separate process because constructs are synchronous and compression is
 * asynchronous.
 *
 * usage: node process.js
 *
 * Each line of standard input is a `Packing` as JSON, and is answered by an `Answer` as JSON in one line. The process ends with its
 * input, after the zip that it is writing, or at once if its parent has died.
 */
import { createHash } from 'crypto';
import type { Packed } from './zip';
import { writeZip } from './zip';
import type { Plan } from '../plan/plan';

export interface Packing {
  readonly plan: Plan;
  /** absolute path of the zip */
  readonly file: string;
}

export interface PackedZip extends Packed {
  /** SHA-256 of the zip, in hexadecimal digits */
  readonly sha256: string;
}

/** Either of the two. */
export interface Answer {
  readonly packed?: PackedZip;
  /** the message of the error */
  readonly problem?: string;
}

/** How often it is checked whether the parent has died, in milliseconds. */
const CHECK = 100;

async function answerTo({ plan, file }: Packing): Promise<Answer> {
  try {
    const hash = createHash('sha256');
    const written = await writeZip(plan, file, undefined, hash);
    return { packed: { ...written, sha256: hash.digest('hex') } };
  } catch (error) {
    return { problem: (error as Error).message };
  }
}

const LINE_BREAK = 10;
let parts: Buffer[] = [];
process.stdin.on('data', (part: Buffer) => {
  parts.push(part);
  // one line at a time: whoever writes it waits for the answer
  if (part.at(-1) !== LINE_BREAK) return;
  const packing = JSON.parse(Buffer.concat(parts).toString()) as Packing;
  parts = [];
  void answerTo(packing).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
});
const parent = process.ppid;
process.stdin.once('end', () => {
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, CHECK).unref();
});
