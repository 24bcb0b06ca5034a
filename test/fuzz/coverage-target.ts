/**
 * The function that Jazzer.js calls with each file: one reader, chosen by the variable FUZZ_READER.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import type { Tally } from './fuzz';
import { readOne } from './fuzz';
import { READERS } from './readers';

const MOST_TIME = 2000; // milliseconds of CPU time
const reader = READERS.find(({ name }) => name === process.env.FUZZ_READER)!;
// each reader has one checksum format, so the repair of any seed fits all its files
const repair = reader.seeds.find((seed) => seed.repair)?.repair;
const workplace = fs.mkdtempSync(path.join(os.tmpdir(), 'coverage-'));
const tally: Tally = { cases: 0, accepted: 0, slowest: 0 };
process.on('exit', () => {
  fs.rmSync(workplace, { recursive: true, force: true });
  console.error(`TALLY ${JSON.stringify(tally)}`);
});

export function fuzz(data: Buffer): Promise<void> {
  const bytes = Buffer.from(data); // the fuzzer reuses its buffer
  return readOne(reader, repair?.(bytes) ?? bytes, workplace, tally, MOST_TIME);
}
