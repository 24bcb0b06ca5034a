/**
 * The hash tables in which the loaders search for a symbol. glibc and musl prefer DT_GNU_HASH to DT_HASH. A symbol that is not in
 * the hash table is not found, even if it is in the symbol table.
 */
import type { ByteReader } from './byte-reader';
import type { DynamicSection } from './dynamic-section';
import { DT_GNU_HASH, DT_HASH } from './dynamic-section';

/** The hash of DT_GNU_HASH (glibc elf/dl-lookup.c, dl_new_hash). */
export function gnuHash(name: Buffer): number {
  let hash = 5381;
  for (const byte of name) hash = (Math.imul(hash, 33) + byte) >>> 0;
  return hash;
}

/** The hash of DT_HASH, and of the names of versions (System V ABI, "Hash Table"). */
export function sysvHash(name: Buffer): number {
  let hash = 0;
  for (const byte of name) {
    hash = ((hash << 4) + byte) >>> 0;
    const high = hash & 0xf0000000;
    hash = (hash ^ (high >>> 24)) & ~high & 0x0fffffff;
  }
  return hash;
}

/** The indexes of symbols that the loaders find: from `start` up to, but not including, `end`. */
export interface FoundSymbols {
  readonly start: number;
  readonly end: number;
}

export function readHashTable(reader: ByteReader, section: DynamicSection): FoundSymbols {
  const gnu = section.extent(DT_GNU_HASH);
  if (gnu !== undefined) return readGnuHash(reader, gnu.offset);
  const sysv = section.extent(DT_HASH);
  // the table states the number of symbols as the number of chains; symbol 0 is the undefined one
  return sysv === undefined ? { start: 0, end: 0 } : { start: 1, end: reader.u32(sysv.offset + 4) };
}

/** Symbols are sorted by bucket, so the last bucket's chain ends where the table does: at a hash whose lowest bit is set. */
function readGnuHash(reader: ByteReader, offset: number): FoundSymbols {
  const [bucketCount, start, bloomWords] = [0, 4, 8].map((at) => reader.u32(offset + at));
  const bucketsAt = offset + 16 + 8 * bloomWords;
  const buckets = reader.view(bucketsAt, 4 * bucketCount);
  let last = 0;
  for (let at = 0; at < buckets.length; at += 4) last = Math.max(last, buckets.readUInt32LE(at));
  if (last < start) return { start, end: start };
  const chains = bucketsAt + 4 * bucketCount;
  while ((reader.u32(chains + 4 * (last - start)) & 1) === 0) last++;
  return { start, end: last + 1 };
}
