/**
 * Packed zips, stored by the hash of their asset. A layer that was packed before is not packed again: its zip is linked into the
 * output directory. This matters for unit tests, which synthesize the same layer for every `App`.
 *
 * The length and SHA-256 of each zip are stored next to it. A zip that does not match them, in the cache or in an output
 * directory, is packed again. If both directories are on one file system, the zip in the output directory is a hard link to the one in
 * the cache. A change to one then changes the other, and is noticed in both. A cache that cannot be read or written is not used.
 */
import * as fs from 'fs';
import * as path from 'path';
import { cacheDirectory, isOwn, makeCacheDirectory, readCached } from '../process/cache-directory';
import { putInPlace, uniqueUnfinished, writeWhole } from '../process/whole-file';
import { sha256OfFile } from '../root/sha256';
import { stampOf } from '../root/stamp';

/** The directory of the kept zips, below the cache directory. */
export const ZIPS = 'zip';

/** In megabytes: enough for about ten of the largest layers, or a hundred typical ones. */
const DEFAULT_BOUND = 1024;
const VARIABLE = 'BINARY_LAYER_CACHE_MB';

/** How long the record of a zip is kept after its last use, in milliseconds. */
const KEPT_FOR = 90 * 24 * 3600 * 1000;
/** Precision of the time of last use, in milliseconds, so that not every synth has to write it. */
const DAY = 24 * 3600 * 1000;
/** Maximum number of stamps in a record. Each output directory on another file system adds one. */
const MOST_STAMPS = 16;

export interface ZipIdentity {
  /** its length */
  readonly bytes: number;
  /** in hexadecimal digits */
  readonly sha256: string;
}

interface KnownZip extends ZipIdentity {
  /** stamps of files that matched: a file with one of these stamps is not read again */
  readonly stamps: readonly string[];
}

/**
 * Zips that this process packed or recognized, by asset hash. If the cache directory cannot be used, this is the only record of them, and
 * an app that has the same layer twice needs it.
 */
const knownHere = new Map<string, KnownZip>();

export class ZipCache {
  private readonly directory = path.join(cacheDirectory(), ZIPS);
  private readonly kept: string;
  private readonly record: string;
  private readonly bound = boundInBytes();

  /** @throws Error if the environment variable for the size is not a number */
  constructor(private readonly hash: string) {
    this.kept = path.join(this.directory, `${hash}.zip`);
    this.record = path.join(this.directory, `${hash}.json`);
  }

  /** Whether a file is the zip that was packed for this asset. */
  public matches(file: string): boolean {
    const known = this.known();
    if (known === undefined || !this.verify(file, known)) return false;
    this.touch();
    return true;
  }

  /** Records the new stamp of a zip that was renamed after it was written, so that it is not read again. Renaming changes the stamp. */
  public renamed(file: string): void {
    const known = this.known();
    if (known && fs.statSync(file).size === known.bytes) this.save(known, file);
  }

  /**
   * Puts the kept zip at a path.
   *
   * @returns true if the cache has the zip and it was put there
   */
  public restore(file: string): boolean {
    const known = this.known();
    if (this.bound === 0 || known === undefined) return false;
    try {
      if (!isOwn(fs.statSync(cacheDirectory()))) return false;
      if (!isOwn(fs.lstatSync(this.kept)) || !this.verify(this.kept, known)) {
        fs.rmSync(this.kept, { recursive: true, force: true });
        return false;
      }
      linkOrCopy(this.kept, file);
    } catch {
      return false; // packing reports the error if the zip cannot be written
    }
    this.save(known, file, this.kept);
    return true;
  }

  /** Keeps the identity of a zip that was packed, and the zip if there is room for it. */
  public add(file: string, identity: ZipIdentity): void {
    if (identity.bytes <= this.bound) {
      try {
        makeCacheDirectory(this.directory);
        linkOrCopy(file, this.kept);
      } catch {
        // the next App packs it again
      }
    }
    this.save({ ...identity, stamps: [] }, file, this.kept);
    if (this.bound > 0) this.evict();
  }

  private known(): KnownZip | undefined {
    const text = readCached(this.record);
    if (text === undefined) return knownHere.get(this.hash);
    try {
      const known: unknown = JSON.parse(text);
      return isKnownZip(known) ? known : undefined;
    } catch {
      return undefined; // truncated
    }
  }

  private verify(file: string, known: KnownZip): boolean {
    try {
      const stat = fs.lstatSync(file);
      if (!stat.isFile() || stat.size !== known.bytes) return false;
      if (known.stamps.includes(stampWithDevice(file))) return true;
      if (sha256OfFile(file) !== known.sha256) return false;
    } catch {
      return false;
    }
    this.save(known, file);
    return true;
  }

  /** @param files that are known to match */
  private save({ bytes, sha256, stamps }: KnownZip, ...files: readonly string[]): void {
    const seen = files.filter((file) => fs.existsSync(file)).map(stampWithDevice);
    const known: KnownZip = { bytes, sha256, stamps: [...new Set([...seen, ...stamps])].slice(0, MOST_STAMPS) };
    knownHere.set(this.hash, known);
    try {
      makeCacheDirectory(this.directory);
      writeWhole(this.record, JSON.stringify(known));
    } catch {
      // this process has it in `knownHere`
    }
  }

  /** Updates the time of last use, which is the mtime of the record. */
  private touch(): void {
    try {
      const now = new Date();
      if (now.getTime() - fs.statSync(this.record).mtimeMs > DAY) fs.utimesSync(this.record, now, now);
    } catch {
      // no record
    }
  }

  /** Removes the zips that were not used for the longest time, until the others fit. Removes old records. */
  private evict(): void {
    try {
      const names = fs.readdirSync(this.directory);
      const recordOf = (name: string) => path.join(this.directory, name.replace(/\.zip$/, '.json'));
      const lastUse = (name: string) => fs.statSync(recordOf(name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      const zips = names.filter((name) => name.endsWith('.zip')).map((name) => {
        const file = path.join(this.directory, name);
        return { file, bytes: fs.statSync(file).size, used: file === this.kept ? Infinity : lastUse(name) };
      });
      let total = zips.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { file, bytes } of zips.sort((a, b) => a.used - b.used)) {
        if (total <= this.bound) break;
        fs.rmSync(file, { force: true });
        total -= bytes;
      }
      for (const name of names) {
        if (name.endsWith('.json') && Date.now() - lastUse(name) > KEPT_FOR) fs.rmSync(path.join(this.directory, name), { force: true });
      }
    } catch {
      // another process may remove the same files
    }
  }
}

function boundInBytes(): number {
  const { [VARIABLE]: value = '' } = process.env;
  const megabytes = value.trim() === '' ? DEFAULT_BOUND : Number(value);
  if (megabytes >= 0) return megabytes * 1e6;
  throw new Error(`the environment variable ${VARIABLE} is '${value}', expected a number of megabytes, or 0 to keep no zips`);
}

/** Makes a hard link to a file, or a copy of it, complete or not at all. */
function linkOrCopy(from: string, to: string): void {
  const temporary = uniqueUnfinished(to);
  try {
    try {
      fs.linkSync(from, temporary);
    } catch {
      // another file system, or one without hard links
      fs.copyFileSync(from, temporary, fs.constants.COPYFILE_FICLONE);
    }
    putInPlace(temporary, to);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

function stampWithDevice(file: string): string {
  return `${fs.statSync(file).dev}:${stampOf(file)}`;
}

function isKnownZip(known: any): known is KnownZip {
  return Number.isSafeInteger(known?.bytes) && /^[0-9a-f]{64}$/.test(known.sha256) && Array.isArray(known.stamps) &&
    known.stamps.every((stamp: unknown) => typeof stamp === 'string');
}
