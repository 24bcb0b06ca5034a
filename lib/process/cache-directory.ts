/**
 * The directory of this user's cache: in `$XDG_CACHE_HOME` or, by default, in `~/.cache` (XDG Base Directory Specification). On macOS, the
 * default is `~/Library/Caches`.
 *
 * Results never depend on the cache. Deleting its directory `cdk-binary-layer` clears it.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import { homedir } from 'os';
import * as path from 'path';
import { temporaryDirectory } from './leftovers';
import { discard } from './remove-tree';
import { fileError } from '../text/file-error';

/** Number of hexadecimal digits in the names that `cachedFile` returns. */
const HASH_DIGITS = 32;
const HASH = new RegExp(`^[0-9a-f]{${HASH_DIGITS}}$`);

export function cacheDirectory(): string {
  const { XDG_CACHE_HOME } = process.env;
  // XDG: a relative path is invalid and ignored
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, 'cdk-binary-layer');
  const home = homeDirectory();
  if (home === undefined) return temporaryCacheDirectory();
  return path.join(home, ...(process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'cdk-binary-layer');
}

/** @returns `undefined` if HOME is relative, or if it is not set and /etc/passwd does not list the user, as in many CI containers */
function homeDirectory(): string | undefined {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

let temporary: string | undefined;

/** A cache for users without a home directory: it is removed when this process ends. */
function temporaryCacheDirectory(): string {
  if (temporary === undefined) {
    const directory = temporaryDirectory('cache');
    process.once('exit', () => discard(directory));
    temporary = directory;
  }
  return temporary;
}

/**
 * Makes a directory of the cache, and its parents, for this user only. Does not use `recursive` of `fs.mkdirSync`, which never returns for
 * a path below /proc.
 *
 * @throws Error if the cache belongs to another user, who could put anything into it
 */
export function makeCacheDirectory(directory: string): void {
  const stat = fs.statSync(directory, { throwIfNoEntry: false });
  if (stat) {
    if (!directory.startsWith(cacheDirectory())) return;
    checkOwn(directory, stat);
    // an earlier version, or the user, may have created it with more permissions
    if ((stat.mode & 0o077) !== 0) fs.chmodSync(directory, 0o700);
    if (directory !== cacheDirectory()) makeCacheDirectory(path.dirname(directory));
    return;
  }
  makeCacheDirectory(path.dirname(directory));
  try {
    fs.mkdirSync(directory);
    fs.chmodSync(directory, 0o700); // regardless of the umask
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return; // another process was quicker
    const advice = 'set XDG_CACHE_HOME to a directory with space that this user can write to';
    throw fileError(error, 'cannot create the cache directory', directory, advice);
  }
}

/** @throws Error if a directory of the cache belongs to another user */
export function checkOwn(directory: string, stat: fs.Stats): void {
  if (isOwn(stat)) return;
  const advice = 'remove it, or set XDG_CACHE_HOME to a directory of your own';
  throw new Error(`the cache directory ${directory} belongs to another user (uid ${stat.uid}): ${advice}`);
}

/** True if this user owns a file of the cache: other files are not trusted. */
export function isOwn({ uid }: fs.Stats): boolean {
  return process.geteuid === undefined || uid === process.geteuid();
}

/** Size limit for a file that is read from the cache, in bytes. */
const MOST_READ = 256 * 1024 * 1024;

/** The text of a file in the cache; `undefined` if it does not exist, cannot be read, is too large, or belongs to another user. */
export function readCached(file: string): string | undefined {
  return readCachedBytes(file)?.toString('utf8');
}

/** The bytes of a file in the cache, or `undefined` as in `readCached`. */
export function readCachedBytes(file: string): Buffer | undefined {
  const opened = openCached(file);
  if (opened === undefined) return undefined;
  try {
    return fs.readFileSync(opened.descriptor);
  } catch {
    return undefined; // not readable: the caller makes it again
  } finally {
    fs.closeSync(opened.descriptor);
  }
}

/** Opens a file in the cache, or returns `undefined` as `readCached` does. The caller closes the descriptor. */
export function openCached(file: string): { readonly descriptor: number; readonly size: number } | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    const stat = fs.fstatSync(descriptor);
    if (stat.isFile() && isOwn(stat) && stat.size <= MOST_READ) return { descriptor, size: stat.size };
  } catch {
    // absent or not readable: the caller makes it again
  }
  if (descriptor !== undefined) fs.closeSync(descriptor);
  return undefined;
}

/** The path of the cached file for a key, in a directory below the cache directory. The file's name is a hash of the key. */
export function cachedFile(directory: string, key: string): string {
  return path.join(cacheDirectory(), directory, createHash('sha256').update(key).digest('hex').slice(0, HASH_DIGITS));
}

/** True for names like those that `cachedFile` returns. */
export function isHash(name: string): boolean {
  return HASH.test(name);
}

/** Marks a file of the cache as the one that was used last. */
export function markUsed(file: string): void {
  try {
    fs.utimesSync(file, new Date(), new Date());
  } catch {
    // a cache that this user cannot write to is still read
  }
}

/** Removes files whose names are hashes from a directory of the cache, except the `most` files that were used last. */
export function keepNewest(directory: string, most: number): void {
  const files = fs.readdirSync(directory).filter(isHash).map((name) => path.join(directory, name));
  const byAge = files.map((file) => ({ file, used: fs.statSync(file).mtimeMs })).sort((a, b) => b.used - a.used);
  for (const { file } of byAge.slice(most)) fs.rmSync(file, { force: true });
}
