/**
 * Runs a reader on mutated files.
 */
import * as fs from 'fs';
import * as path from 'path';
import * as fc from 'fast-check';
import { mutated } from './mutate';
import type { Reader } from './readers';

export interface Fuzzed {
  readonly reader: string;
  readonly cases: number;
  /** cases that gave a value; the others gave an error of the reader's own */
  readonly accepted: number;
  /** CPU time of the slowest case, in milliseconds */
  readonly slowest: number;
  /** the problem, with the file that caused it */
  readonly failure?: { readonly message: string; readonly bytes: Buffer };
}

/** Maximum size of a value, per byte of the file that it was read from and for the smallest file. */
const RESULT_PER_BYTE = 64;
const RESULT = 64 * 1024;

/** Counts the cases of one reader. */
export interface Tally {
  cases: number;
  accepted: number;
  /** CPU time of the slowest case, in milliseconds */
  slowest: number;
}

/**
 * Reads one file, and throws if the reader does anything but return a value of bounded size or throw an error of its own.
 *
 * @param workplace an empty directory of its own
 * @param mostTime CPU time that a case may take, in milliseconds
 */
export async function readOne(reader: Reader, bytes: Buffer, workplace: string, tally: Tally, mostTime: number): Promise<void> {
  tally.cases++;
  const directory = reader.writes ? path.join(workplace, String(tally.cases)) : workplace;
  if (reader.writes) fs.mkdirSync(directory);
  const start = process.cpuUsage();
  try {
    const value = await reader.read(bytes, directory);
    tally.accepted++;
    const size = sizeOf(value);
    const most = RESULT + RESULT_PER_BYTE * bytes.length;
    if (size > most) throw new Error(`a file of ${bytes.length} bytes gives a value of ${size}, expected at most ${most}`);
  } catch (error) {
    if (!reader.errors.some((kind) => error instanceof kind)) throw error;
    if ((error as Error).message === '') throw new Error('an error has no message');
  } finally {
    const { user, system } = process.cpuUsage(start);
    tally.slowest = Math.max(tally.slowest, (user + system) / 1000);
    if (reader.writes) fs.rmSync(directory, { recursive: true, force: true });
  }
  if (tally.slowest > mostTime) {
    throw new Error(`a file of ${bytes.length} bytes takes ${tally.slowest} ms of CPU time, expected at most ${mostTime}`);
  }
}

/**
 * Reads mutated files until one fails, and shrinks that one.
 *
 * @param workplace an empty directory of its own
 * @param mostTime CPU time that a case may take, in milliseconds @default - not limited
 */
export async function fuzz(reader: Reader, cases: number, seed: number, workplace: string, mostTime = Infinity): Promise<Fuzzed> {
  const tally: Tally = { cases: 0, accepted: 0, slowest: 0 };
  const property = fc.asyncProperty(mutated(reader.seeds), (bytes) => readOne(reader, bytes, workplace, tally, mostTime));
  const run = await fc.check(property, { numRuns: cases, seed, skipAllAfterTimeLimit: undefined });
  const failure =
    run.failed && run.counterexample
      ? { message: String((run.errorInstance as Error)?.stack ?? run.errorInstance), bytes: run.counterexample[0] }
      : undefined;
  return { reader: reader.name, cases: run.numRuns, accepted: tally.accepted, slowest: tally.slowest, failure };
}

/** Number of characters, bytes and numbers in a value, each place counted. */
function sizeOf(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (Buffer.isBuffer(value)) return value.length;
  if (value instanceof Map) return sizeOf([...value]);
  if (value instanceof Set) return sizeOf([...value]);
  return Object.values(value).reduce((sum: number, part) => sum + sizeOf(part), 8);
}
