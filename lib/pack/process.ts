/**
 * The packing process: reads a plan as JSON from standard input, writes the zip, and prints its size and hash as JSON. It is a
 * separate process because constructs are synchronous and compression is asynchronous.
 *
 * usage: node process.js FILE.zip
 */
import { createHash } from 'crypto';
import { readFileSync } from 'fs';
import type { Packed } from './zip';
import { writeZip } from './zip';
import type { Plan } from '../plan/plan';

export interface PackedZip extends Packed {
  /** SHA-256 of the zip, in hexadecimal digits */
  readonly sha256: string;
}

async function main(file: string): Promise<void> {
  const plan = JSON.parse(readFileSync(0, 'utf8')) as Plan;
  const hash = createHash('sha256');
  const written = await writeZip(plan, file, undefined, hash);
  const packed: PackedZip = { ...written, sha256: hash.digest('hex') };
  process.stdout.write(JSON.stringify(packed));
}

const [, , zip] = process.argv;
main(zip).catch((error: Error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
