/**
 * Cache of exported and unpacked roots, in the cache directory. The name of a root is a hash of everything that the root depends on. A root
 * is complete or absent.
 *
 * `rm -r ~/.cache/cdk-binary-layer` clears it; roots are created again when needed.
 */
import * as fs from 'fs';
import * as path from 'path';
import { cacheDirectory, isOwn, makeCacheDirectory } from '../process/cache-directory';
import { OWNER, removeLeftovers } from '../process/leftovers';
import { discard, removeTree } from '../process/remove-tree';

/**
 * The cached root with a key. Creates the root if it does not exist.
 *
 * @param kind of root, `image` or `apt`: the name of its directory in the cache
 * @param key letters and digits: a hash of everything that the root depends on
 * @param make fills an empty directory; if it throws, the error is passed on, and nothing is cached
 * @returns its directory: absolute, links resolved
 */
export function cachedRoot(kind: string, key: string, make: (directory: string) => void): string {
  const place = placeOf(kind, key);
  const parent = path.dirname(place);
  makeCacheDirectory(parent);
  if (isCached(kind, key)) return fs.realpathSync(place);
  removeForeign(place);
  removeLeftovers(parent, '.');
  const directory = fs.mkdtempSync(path.join(parent, `.${key}-${OWNER}-`));
  fs.chmodSync(directory, 0o755);
  try {
    make(directory);
    fs.renameSync(directory, place);
  } catch (error) {
    discard(directory);
    // another process was faster, and its root is the same
    if (!isCached(kind, key)) throw error;
  }
  return fs.realpathSync(place);
}

/** True if there is a root with that key, and it belongs to this user. */
export function isCached(kind: string, key: string): boolean {
  const stat = fs.lstatSync(placeOf(kind, key), { throwIfNoEntry: false });
  return stat !== undefined && stat.isDirectory() && isOwn(stat);
}

/** @throws Error if an entry of another user cannot be removed */
function removeForeign(place: string): void {
  const stat = fs.lstatSync(place, { throwIfNoEntry: false });
  if (!stat) return;
  try {
    removeTree(place);
  } catch (error) {
    throw new Error([
      `${place} belongs to user ${stat.uid}, is not trusted, and cannot be removed: ${(error as Error).message}`,
      '  remove it, or set XDG_CACHE_HOME to a directory of your own',
    ].join('\n'));
  }
}

function placeOf(kind: string, key: string): string {
  return path.join(cacheDirectory(), kind, key);
}
