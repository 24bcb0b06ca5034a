/**
 * Changes to a valid file, as fast-check generates and shrinks them. Most of them hit fields that have a meaning (a size, an
 * offset, a tag; in a text a word or a line): changes at random places mostly give files that are rejected at their first bytes.
 */
import * as fc from 'fast-check';

/** A number in a binary file. */
export interface Field {
  readonly offset: number;
  readonly size: 1 | 2 | 4 | 8;
}

/** A valid file, and its known structure. */
export interface Seed {
  readonly bytes: Buffer;
  /** of a binary file */
  readonly fields?: readonly Field[];
  /** of a text: words with a meaning that mutations insert */
  readonly words?: readonly string[];
  /** corrects checksums, without which the reader would reject the file at once */
  readonly repair?: (bytes: Buffer) => Buffer;
}

type Mutation = (bytes: Buffer) => Buffer;

/** Files that the seeds become. */
export function mutated(seeds: readonly Seed[]): fc.Arbitrary<Buffer> {
  return fc.oneof(
    ...seeds.map((seed) =>
      fc.array(mutation(seed), { minLength: 1, maxLength: 6 }).map((mutations) => {
        const bytes = mutations.reduce<Buffer>((before, mutate) => mutate(before), Buffer.from(seed.bytes));
        return seed.repair?.(bytes) ?? bytes;
      }),
    ),
  );
}

function mutation({ bytes, fields = [], words }: Seed): fc.Arbitrary<Mutation> {
  const anywhere = fc.nat(bytes.length);
  const length = fc.oneof(
    { weight: 4, arbitrary: fc.nat(16) },
    { weight: 2, arbitrary: fc.nat(300) },
    { weight: 1, arbitrary: fc.nat(5000) },
  );
  const general = [
    fc.tuple(anywhere, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
      ([at, data]): Mutation =>
        (b) =>
          splice(b, at, data.length, Buffer.from(data)),
    ),
    fc.tuple(anywhere, length).map(
      ([at, size]): Mutation =>
        (b) =>
          splice(b, at, size, Buffer.alloc(0)),
    ),
    anywhere.map(
      (at): Mutation =>
        (b) =>
          b.subarray(0, at),
    ),
    fc.tuple(anywhere, length, anywhere).map(
      ([from, size, to]): Mutation =>
        (b) =>
          splice(b, to, 0, b.subarray(from, from + size)),
    ),
    fc.tuple(anywhere, fc.nat(255), length).map(
      ([at, byte, size]): Mutation =>
        (b) =>
          splice(b, at, 0, Buffer.alloc(size, byte)),
    ),
  ];
  if (words) return fc.oneof(...general, ...textual(bytes, words, length));
  if (fields.length === 0) return fc.oneof(...general);
  const field = fc.constantFrom(...fields);
  const value = numbers(bytes, fields);
  const numeric = fc.tuple(field, value).map(
    ([{ offset, size }, number]): Mutation =>
      (b) =>
        write(b, offset, size, number),
  );
  const exchanged = fc.tuple(field, field).map(
    ([one, other]): Mutation =>
      (b) =>
        write(b, one.offset, one.size, read(b, other)),
  );
  const nudged = fc.tuple(field, fc.integer({ min: -64, max: 64 })).map(
    ([one, by]): Mutation =>
      (b) =>
        write(b, one.offset, one.size, read(b, one) + BigInt(by)),
  );
  return fc.oneof({ weight: 6, arbitrary: numeric }, { weight: 3, arbitrary: exchanged }, { weight: 3, arbitrary: nudged }, ...general);
}

/** Numbers at which readers go wrong: around the sizes of the file and of integers, and those that the file has itself. */
function numbers(bytes: Buffer, fields: readonly Field[]): fc.Arbitrary<bigint> {
  const edges = [
    0n,
    1n,
    2n,
    8n,
    0x7fn,
    0xffn,
    0x7fffn,
    0xffffn,
    0x7fffffffn,
    0x80000000n,
    0xffffffffn,
    2n ** 32n,
    2n ** 40n,
    2n ** 53n - 1n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
    BigInt(bytes.length),
    BigInt(bytes.length) - 1n,
    BigInt(bytes.length) + 1n,
  ];
  return fc.oneof(
    fc.constantFrom(...edges, ...fields.map((field) => read(bytes, field))),
    fc.nat(bytes.length).map(BigInt),
    fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  );
}

function textual(bytes: Buffer, words: readonly string[], length: fc.Arbitrary<number>): fc.Arbitrary<Mutation>[] {
  const text = bytes.toString('latin1');
  const places = fc.constantFrom(0, ...[...text.matchAll(/\b|^|$/gm)].map(({ index }) => index));
  const lines = fc.constantFrom(0, ...[...text.matchAll(/^/gm)].map(({ index }) => index));
  const word = fc.constantFrom(...words, '\n', '\n\n', '\r', ' ', '\t', '\0', '/', '..', '\\', '"', "'", '\x1b', '\xff\xfe');
  return [
    fc.tuple(places, word).map(
      ([at, inserted]): Mutation =>
        (b) =>
          splice(b, at, 0, Buffer.from(inserted, 'latin1')),
    ),
    fc.tuple(places, word, length).map(
      ([at, inserted, count]): Mutation =>
        (b) =>
          splice(b, at, 0, Buffer.from(inserted.repeat(count), 'latin1')),
    ),
    fc.tuple(places, places, word).map(
      ([from, to, inserted]): Mutation =>
        (b) =>
          splice(b, Math.min(from, to), Math.abs(from - to), Buffer.from(inserted, 'latin1')),
    ),
    fc.tuple(lines, lines, lines).map(
      ([from, to, at]): Mutation =>
        (b) =>
          splice(b, at, 0, b.subarray(Math.min(from, to), Math.max(from, to))),
    ),
  ];
}

function splice(bytes: Buffer, at: number, removed: number, inserted: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at + removed)]);
}

function read(bytes: Buffer, { offset, size }: Field): bigint {
  if (offset + size > bytes.length) return 0n;
  return size === 8 ? bytes.readBigUInt64LE(offset) : BigInt(bytes.readUIntLE(offset, size));
}

function write(bytes: Buffer, offset: number, size: number, value: bigint): Buffer {
  if (offset + size > bytes.length) return bytes;
  const written = Buffer.from(bytes);
  const number = Buffer.alloc(8);
  number.writeBigUInt64LE(BigInt.asUintN(64, value));
  number.copy(written, offset, 0, size);
  return written;
}
