import * as fs from 'fs';
import * as path from 'path';
import { build } from './elf/bytes';
import { temporaryDirectory } from './fixture';
import { fuzz } from './fuzz/fuzz';
import { READERS } from './fuzz/readers';
import { record } from './reliability';
import { editElf } from '../lib/elf';
import { readTraceLog } from '../lib/trace/log';

/** The total number of cases; `npm run fuzz` reads more. */
const CASES = 10_000;

test.each(READERS.map((reader) => [reader.name, reader] as const))(
  '%s returns a value or one of our errors for a mutated file',
  async (_, reader) => {
    const { failure, cases, accepted } = await fuzz(reader, Math.ceil(CASES / READERS.length), 1, temporaryDirectory());
    expect(failure && { message: failure.message, file: failure.bytes.toString('base64') }).toBeUndefined();
    expect(cases).toBe(Math.ceil(CASES / READERS.length));
    expect(accepted).toBeGreaterThan(0); // not all of them are rejected at their first bytes
  },
);

test('a reader that throws any other error is reported with the file', async () => {
  const seeds = [{ bytes: Buffer.from('abc'), words: ['d'] }];
  const { failure } = await fuzz(
    {
      name: 'x',
      seeds,
      errors: [RangeError],
      read: () => {
        throw new TypeError('wrong');
      },
    },
    10,
    1,
    temporaryDirectory(),
  );
  expect(failure).toMatchObject({ message: expect.stringContaining('TypeError: wrong'), bytes: expect.any(Buffer) });
});

test('a reader that returns more than the file can contain is reported', async () => {
  const seeds = [{ bytes: Buffer.from('abc'), words: ['d'] }];
  const { failure } = await fuzz(
    { name: 'x', seeds, errors: [], read: (bytes) => 'x'.repeat(bytes.length * 64 + 70_000) },
    10,
    1,
    temporaryDirectory(),
  );
  expect(failure?.message).toMatch(/a file of \d+ bytes gives a value of \d+, expected at most \d+/);
});

test('a log of strace with a line of megabytes is read', () => {
  const log = `open("/a${'x'.repeat(8_000_000)}", O_RDONLY) = 3\nopen("/b", O_RDONLY) = 3\n`;
  expect(readTraceLog(log, '/').opened.map((one) => one.path)).toContain('/b');
});

test('a file with symbols that begin in its program headers is not edited', () => {
  const strings = Buffer.from('\0libc.so.6\0');
  const dynamic = [[1, 1], [5, 'strings'], [10, strings.length], [6, 64 + 2 * 56]] as const;
  const blocks = { interpreter: Buffer.from('/lib/ld.so\0'), strings, spare: Buffer.alloc(64) };
  const file = build({ headers: [{ type: 3, block: 'interpreter' }], blocks, dynamic });
  expect(() => editElf(file, { interpreter: '/opt/ld.so', rpath: '/opt/lib' })).toThrow('found symbols in the program header table');
});

describe('docs/reliability.md', () => {
  test('has one section for each script, in the order of their titles, and keeps other sections', () => {
    const file = path.join(temporaryDirectory(), 'docs', 'reliability.md');
    record('Fuzzing', 'first', file);
    record('Conformance', 'of ld.so\n\n### Part\n\nx', file);
    record('Fuzzing', 'second', file);
    expect(fs.readFileSync(file, 'utf8')).toMatch(
      /^# Reliability\n\n.*\n\n## Conformance\n\nof ld\.so\n\n### Part\n\nx\n\n## Fuzzing\n\nsecond\n$/s,
    );
  });
});
