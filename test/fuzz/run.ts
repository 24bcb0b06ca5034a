/**
 * Reads mutated files with every reader, and records the figures in docs/reliability.md.
 *
 * usage: npm run fuzz -- [--cases 10000] [--seed 1] [--reader NAME] [--record]
 *
 * Exit status 1: a reader did something other than return a value or throw an error of its own. The file that made it do so is
 * kept in the temporary directory, to become a test.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import type { Fuzzed } from './fuzz';
import { fuzz } from './fuzz';
import { READERS } from './readers';
import { record } from '../reliability';

/** Time after which a case is a hang: no file may take longer, whatever its content. */
const MOST_TIME = 2000; // milliseconds of CPU time

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { cases: { type: 'string' }, seed: { type: 'string' }, reader: { type: 'string' }, record: { type: 'boolean' } },
  });
  const [cases, seed] = [Number(values.cases ?? 10_000), Number(values.seed ?? 1)];
  const readers = READERS.filter(({ name }) => values.reader === undefined || name === values.reader);
  const results: Fuzzed[] = [];
  for (const reader of readers) {
    const workplace = fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-fuzz-'));
    try {
      const result = await fuzz(reader, Math.ceil(cases / readers.length), seed, workplace, MOST_TIME);
      results.push(result);
      console.log(
        `${result.reader}: ${result.cases} cases, ${result.accepted} accepted, slowest ${result.slowest.toFixed(0)} ms` +
          (result.failure ? ' FAILED' : ''),
      );
      if (!result.failure) continue;
      const file = path.join(os.tmpdir(), `fuzz-${result.reader.replace(/\W/g, '-')}.bin`);
      fs.writeFileSync(file, result.failure.bytes);
      console.log(`${result.failure.message}\n  the file: ${file}`);
    } finally {
      fs.rmSync(workplace, { recursive: true, force: true });
    }
  }
  if (values.record) record('Fuzzing', report(results, seed));
  process.exitCode = results.some(({ failure }) => failure) ? 1 : 0;
}

function report(results: readonly Fuzzed[], seed: number): string {
  const total = results.reduce((sum, { cases }) => sum + cases, 0);
  const failures = results.filter(({ failure }) => failure).length;
  return [
    `\`npm run fuzz -- --cases ${total} --seed ${seed} --record\`: ${total} mutated files, ${failures} crashes, ` +
      `hangs (more than ${MOST_TIME / 1000} s of CPU time) or foreign errors.`,
    '',
    '| reader | cases | accepted | rejected with an error of ours | slowest case |',
    '|---|---:|---:|---:|---:|',
    ...results.map(
      ({ reader, cases, accepted, slowest, failure }) =>
        `| ${reader} | ${cases} | ${accepted} | ${cases - accepted} | ${failure ? 'FAILED' : `${slowest.toFixed(0)} ms`} |`,
    ),
  ].join('\n');
}

void main();
