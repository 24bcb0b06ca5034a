/**
 * Writes the hash table of DT_GNU_HASH.
 */
import { gnuHash } from '../symbol-hash';

/**
 * The hash table of DT_GNU_HASH, and the order of symbols that it requires. The table contains all symbols except the undefined
 * one, number 0.
 */
export interface GnuHash<T> {
  readonly table: Buffer;
  readonly symbols: readonly T[];
}

/** Bits of the Bloom filter for each symbol, as many as GNU ld uses. */
const BLOOM_BITS = 12;
const BLOOM_WORD = 64;

/** @param symbols in an order that depends on their names only */
export function gnuHashOf<T extends { readonly name: string }>(symbols: readonly T[]): GnuHash<T> {
  const bucketCount = Math.max(1, Math.ceil(symbols.length / 2));
  const bloomWords = 2 ** Math.ceil(Math.log2(Math.max(1, symbols.length * BLOOM_BITS / BLOOM_WORD)));
  // the lowest bits of a hash choose a word of the filter and the first bit in it; the bits above these choose the second bit
  const bloomShift = Math.log2(bloomWords * BLOOM_WORD);
  const hashed = symbols.map((symbol) => {
    const hash = gnuHash(Buffer.from(symbol.name));
    return { symbol, hash, bucket: hash % bucketCount };
  }).sort((a, b) => a.bucket - b.bucket);

  const buckets = 16 + 8 * bloomWords;
  const chains = buckets + 4 * bucketCount;
  const table = Buffer.alloc(chains + 4 * symbols.length);
  [bucketCount, 1, bloomWords, bloomShift].forEach((value, index) => table.writeUInt32LE(value, 4 * index));
  hashed.forEach(({ hash, bucket }, index) => {
    for (const bit of [hash % BLOOM_WORD, (hash >>> bloomShift) % BLOOM_WORD]) {
      table[16 + 8 * (Math.floor(hash / BLOOM_WORD) % bloomWords) + (bit >> 3)] |= 1 << (bit & 7);
    }
    if (table.readUInt32LE(buckets + 4 * bucket) === 0) table.writeUInt32LE(index + 1, buckets + 4 * bucket);
    const isLast = hashed[index + 1]?.bucket !== bucket;
    table.writeUInt32LE(((hash & ~1) | (isLast ? 1 : 0)) >>> 0, chains + 4 * index);
  });
  return { table, symbols: hashed.map(({ symbol }) => symbol) };
}
