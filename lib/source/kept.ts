/**
 * Roots that were exported or unpacked are kept below the cache directory, by what they were made of: each is
 * there whole or not at all.
 *
 * `rm -r ~/.cache/cdk-binary-layer` clears them; they are made again when they are needed.
 */
import * as fs from 'fs';
import * as path from 'path';
import { cacheDirectory, makeCacheDirectory } from '../process/cache-directory';
import { remove } from '../process/remove-tree';

/** A directory that is being made belongs to a process that may have died: after that time it is removed. In milliseconds. */
const ABANDONED = 24 * 3600 * 1000;

/**
 * The root that is kept by a key, made if there is none.
 *
 * @param kind what kind of root it is, `image` or `apt`: the directory that it is kept in
 * @param key of letters and digits: all that the root depends on, hashed
 * @param make fills an empty directory; what it throws is thrown on, and nothing is kept
 * @returns its directory: absolute, links resolved
 */
export function keptRoot(kind: string, key: string, make: (directory: string) => void): string {
  const kept = placeOf(kind, key);
  const parent = path.dirname(kept);
  if (fs.existsSync(kept)) return fs.realpathSync(kept);
  makeCacheDirectory(parent);
  removeAbandoned(parent);
  const made = fs.mkdtempSync(path.join(parent, `.${key}-`));
  fs.chmodSync(made, 0o755);
  try {
    make(made);
    fs.renameSync(made, kept);
  } catch (error) {
    remove(made);
    // somebody else was quicker, and theirs is the same
    if (!fs.existsSync(kept)) throw error;
  }
  return fs.realpathSync(kept);
}

/** Whether there is a root by that key. */
export function isKept(kind: string, key: string): boolean {
  return fs.existsSync(placeOf(kind, key));
}

function placeOf(kind: string, key: string): string {
  return path.join(cacheDirectory(), kind, key);
}

function removeAbandoned(parent: string): void {
  for (const name of fs.readdirSync(parent)) {
    const abandoned = path.join(parent, name);
    const stat = name.startsWith('.') ? fs.lstatSync(abandoned, { throwIfNoEntry: false }) : undefined;
    if (stat && Date.now() - stat.mtimeMs > ABANDONED) remove(abandoned);
  }
}
