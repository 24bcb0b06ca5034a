/**
 * The packing process: reads a plan as JSON from standard input, writes the zip, and prints on standard output what it
 * wrote, as JSON. It is a process of its own because a construct is synchronous, and compression is not.
 *
 * usage: node process.js FILE.zip
 */
import { readFileSync } from 'fs';
import type { Packed } from './zip';
import { writeZip } from './zip';
import type { Plan } from '../plan/plan';
import { sha256OfFile } from '../root/sha256';

export interface PackedZip extends Packed {
  /** of the zip, in hexadecimal digits */
  readonly sha256: string;
}

async function main(file: string): Promise<void> {
  const plan = JSON.parse(readFileSync(0, 'utf8')) as Plan;
  const packed: PackedZip = { ...await writeZip(plan, file), sha256: sha256OfFile(file) };
  process.stdout.write(JSON.stringify(packed));
}

const [, , zip] = process.argv;
main(zip).catch((error: Error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
