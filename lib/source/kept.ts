/**
 * Roots that were exported or unpacked are kept below the cache directory, by what they were made of: each is
 * there whole or not at all.
 *
 * `rm -r ~/.cache/cdk-binary-layer` clears them; they are made again when they are needed.
 */
import * as fs from 'fs';
import * as path from 'path';
import { cacheDirectory, isOwn, makeCacheDirectory } from '../process/cache-directory';
import { OWNER, removeLeftovers } from '../process/leftovers';
import { discard, removeTree } from '../process/remove-tree';

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
  makeCacheDirectory(parent);
  if (isKept(kind, key)) return fs.realpathSync(kept);
  removeForeign(kept);
  removeLeftovers(parent, '.');
  const made = fs.mkdtempSync(path.join(parent, `.${key}-${OWNER}-`));
  fs.chmodSync(made, 0o755);
  try {
    make(made);
    fs.renameSync(made, kept);
  } catch (error) {
    discard(made);
    // another process was quicker, and its root is the same
    if (!isKept(kind, key)) throw error;
  }
  return fs.realpathSync(kept);
}

/** Whether there is a root by that key, which this user has made. */
export function isKept(kind: string, key: string): boolean {
  const stat = fs.lstatSync(placeOf(kind, key), { throwIfNoEntry: false });
  return stat !== undefined && stat.isDirectory() && isOwn(stat);
}

/** @throws Error if an entry that this user has not made cannot be removed */
function removeForeign(kept: string): void {
  const stat = fs.lstatSync(kept, { throwIfNoEntry: false });
  if (!stat) return;
  try {
    removeTree(kept);
  } catch (error) {
    throw new Error([
      `${kept} belongs to user ${stat.uid}, and is not trusted; it cannot be removed either: ${(error as Error).message}`,
      '  remove it, or set XDG_CACHE_HOME to a directory of your own',
    ].join('\n'));
  }
}

function placeOf(kind: string, key: string): string {
  return path.join(cacheDirectory(), kind, key);
}
