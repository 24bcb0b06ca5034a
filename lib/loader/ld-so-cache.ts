/**
 * `/etc/ld.so.cache`: library names and the paths at which `ldconfig` found them.
 *
 * The format is glibc's (elf/cache.c, sysdeps/generic/dl-cache.h): optionally the table of an old
 * libc5 cache (`ld.so-1.7.0`), then a 48-byte header `glibc-ld.so.cache1.1`, 24-byte entries, strings,
 * and an extension section with the names of the glibc-hwcaps subdirectories. Entries with equal names are in the
 * order of ldconfig's search: the directories of ld.so.conf in their order, then the default directories.
 */

import { checkLimit, LIMITS } from '../limits';

export interface CacheEntry {
  readonly path: string;
  /** `x86-64-v3` for a file in `glibc-hwcaps/x86-64-v3`, `undefined` for the baseline */
  readonly variant?: string;
}

export type LoaderCache = ReadonlyMap<string, readonly CacheEntry[]>;

const OLD_MAGIC = 'ld.so-1.7.0';
const OLD_HEADER = 16;
const OLD_ENTRY = 12;
const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;
const EXTENSION_MAGIC = 0xeaa42174;
const EXTENSION_HWCAPS = 1; // cache_extension_tag_glibc_hwcaps
/** Maximum length of a path, including NUL (PATH_MAX). Longer strings are ignored. */
const MOST_STRING = 4096;
/** Maximum total length of all strings, per byte of the cache. Strings may share bytes: a library's name is the end of its path. */
const MOST_SHARED = 4;
const HWCAP_EXTENSION = 1 << 30; // DL_CACHE_HWCAP_EXTENSION, bit 62, as seen in the upper half

/**
 * The entries of one architecture, by name (`nameKey`).
 *
 * @param file the path of the cache, for errors
 * @returns an empty map if the bytes are not a cache of this format: the caller then continues without a cache, like the loader
 * @throws LimitError
 */
export function readCache(bytes: Buffer, flags: number, file = '/etc/ld.so.cache'): LoaderCache {
  const cache = new Map<string, CacheEntry[]>();
  const base = start(bytes);
  if (base === undefined) return cache;
  const count = bytes.readUInt32LE(base + 20);
  if (base + HEADER + count * ENTRY > bytes.length) return cache;
  checkLimit(LIMITS.loaderCacheEntries, count, file);
  // entries may share strings: without a limit, a hostile cache could refer to one long string thousands of times
  const stringLimit = { of: 'bytes of strings in the entries', most: MOST_SHARED * bytes.length };
  let stringBytes = 0;
  const string = (offset: number) => {
    const value = text(bytes, base + offset);
    checkLimit(stringLimit, (stringBytes += value?.length ?? 0), file);
    return value;
  };
  const variants = hwcapsNames(bytes, base, string);
  for (let at = base + HEADER, end = at + count * ENTRY; at < end; at += ENTRY) {
    if (bytes.readInt32LE(at) !== flags) continue;
    const name = string(bytes.readUInt32LE(at + 4));
    const path = string(bytes.readUInt32LE(at + 8));
    if (name === undefined || path === undefined) continue;
    const hwcap = { low: bytes.readUInt32LE(at + 16), high: bytes.readUInt32LE(at + 20) };
    let variant: string | undefined;
    if (hwcap.high === HWCAP_EXTENSION) {
      variant = variants[hwcap.low];
      if (variant === undefined) continue;
    } else if (hwcap.high !== 0 || hwcap.low !== 0) {
      continue; // a legacy bit mask: ignored by glibc 2.37 and later, and never the baseline
    }
    const key = nameKey(name);
    const entries = cache.get(key) ?? [];
    entries.push({ path, variant });
    cache.set(key, entries);
  }
  return cache;
}

/** Numbers in names compare as numbers (glibc elf/dl-cache.c, _dl_cache_libcmp): `libx.so.01` equals `libx.so.1`. */
export function nameKey(name: string): string {
  return name.replace(/[0-9]+/g, (digits) => digits.replace(/^0+(?=.)/, ''));
}

function start(bytes: Buffer): number | undefined {
  let base = 0;
  if (bytes.length >= OLD_HEADER && bytes.toString('latin1', 0, OLD_MAGIC.length) === OLD_MAGIC) {
    // the new header follows the old table, aligned to 8 (ALIGN_CACHE)
    base = Math.ceil((OLD_HEADER + bytes.readUInt32LE(12) * OLD_ENTRY) / 8) * 8;
  }
  if (base + HEADER > bytes.length) return undefined;
  return bytes.toString('latin1', base, base + MAGIC.length) === MAGIC ? base : undefined;
}

/** The string at an offset in `bytes`; `undefined` if it is cut off or too long. In the cache, offsets start at the new header. */
function text(bytes: Buffer, at: number): string | undefined {
  if (at >= bytes.length) return undefined;
  const length = bytes.subarray(at, at + MOST_STRING).indexOf(0);
  return length < 0 ? undefined : bytes.toString('latin1', at, at + length);
}

function hwcapsNames(bytes: Buffer, base: number, string: (offset: number) => string | undefined): (string | undefined)[] {
  const extension = base + bytes.readUInt32LE(base + 32);
  if (extension === base || extension + 8 > bytes.length || bytes.readUInt32LE(extension) !== EXTENSION_MAGIC) return [];
  const sections = bytes.readUInt32LE(extension + 4);
  for (let index = 0, at = extension + 8; index < sections && at + 16 <= bytes.length; index++, at += 16) {
    if (bytes.readUInt32LE(at) !== EXTENSION_HWCAPS) continue;
    const offset = base + bytes.readUInt32LE(at + 8);
    const size = bytes.readUInt32LE(at + 12);
    if (offset + size > bytes.length) return [];
    return Array.from({ length: Math.floor(size / 4) }, (_, entry) => string(bytes.readUInt32LE(offset + entry * 4)));
  }
  return [];
}
