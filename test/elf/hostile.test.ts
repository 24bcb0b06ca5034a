import { readFileSync } from 'node:fs';
import { Workshop } from './compile';
import { editElf, FormatError, identify, readElf } from '../../lib/elf';

const workshop = new Workshop();
afterAll(() => workshop.remove());

const SOURCE = '#include <stdio.h>\n int main(void) { return puts("") < 0; }';

/** Small programs with and without notes, because files with notes are edited differently. */
const programs = [
  ['with notes', readFileSync(workshop.compile('notes', SOURCE, ['-Wl,-rpath,/a']))] as const,
  ['of lld', readFileSync(workshop.compile('lld', SOURCE, ['-fuse-ld=lld']))] as const,
  ['without notes', readFileSync(workshop.compile('no-notes', SOURCE, [], 'musl-gcc'))] as const,
];

const EDIT = { interpreter: '/a/path/that/is/longer/than/the/present/one/ld.so', rpath: '/some/where' };

/** Reads and edits a file. Only a FormatError with an offset may be thrown. */
function handle(bytes: Buffer): void {
  identify(bytes);
  for (const action of [() => readElf(bytes), () => editElf(bytes, EDIT), () => editElf(bytes, { rpath: '' })]) {
    try {
      action();
    } catch (error) {
      if (!(error instanceof FormatError) || !Number.isFinite(error.offset)) throw error;
    }
  }
}

/** Numbers from 0 to `below`, the same in each run (mulberry32). */
function generator(seed: number): (below: number) => number {
  let state = seed;
  return below => {
    state = Math.imul(state, 1664525) + 1013904223;
    return Number(BigInt.asUintN(32, BigInt(state)) * BigInt(below) >> 32n);
  };
}

describe.each(programs)('a program %s', (_, original) => {
  test('truncated at every 13th byte is read, or is a format error', () => {
    for (let length = 0; length < original.length; length += 13) handle(original.subarray(0, length));
  });

  test('with random bytes at random places is read, or is a format error', () => {
    const random = generator(7);
    for (let round = 0; round < 400; round++) {
      const file = Buffer.from(original);
      const count = 1 + random(8);
      for (let change = 0; change < count; change++) file[random(file.length)] = random(256);
      handle(file);
    }
  });

  test('with a wrong number in its headers or dynamic section is read, or is a format error', () => {
    const random = generator(11);
    const { segments } = readElf(original);
    const dynamic = segments.find(({ type }) => type === 2)!;
    const values = [0n, 1n, 8n, 0xffffn, 0xffffffffn, 2n ** 40n, 2n ** 53n - 1n, 2n ** 63n, 2n ** 64n - 1n, BigInt(original.length)];
    for (let round = 0; round < 800; round++) {
      const file = Buffer.from(original);
      const [start, size] = round % 2 === 0 ? [16, 48 + segments.length * 56] : [dynamic.offset, dynamic.filesz];
      const width = [2, 4, 8][random(3)];
      const at = start + random(size / width - 1) * width;
      const value = values[random(values.length)];
      file.set(Buffer.from(new BigUint64Array([value]).buffer).subarray(0, width), at);
      handle(file);
    }
  });
});
