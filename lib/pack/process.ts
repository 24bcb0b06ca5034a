/**
 * The packing process: reads a plan as JSON from standard input, writes the zip, and says on standard output
 * what it wrote. A process of its own, because a bundling hook is synchronous and compression is not.
 *
 * usage: node pack.js FILE.zip
 */
import { readFileSync } from 'fs';
import { writeZip } from './zip';
import { Plan } from '../plan/plan';

async function main(file: string): Promise<void> {
  const plan = JSON.parse(readFileSync(0, 'utf8')) as Plan;
  process.stdout.write(JSON.stringify(await writeZip(plan, file)));
}

main(process.argv[2]).catch((error: Error) => {
  process.stderr.write(error.message);
  process.exitCode = 1;
});
