/**
 * Where this user's caches are, by the XDG Base Directory Specification; `~/Library/Caches` on macOS.
 *
 * What is in there is never needed for a right answer: deleting `cdk-binary-layer` clears it.
 */
import * as fs from 'fs';
import { homedir, tmpdir } from 'os';
import * as path from 'path';
import { remove } from './remove-tree';

export function cacheDirectory(): string {
  const { XDG_CACHE_HOME } = process.env;
  // XDG: a relative path is invalid, to be ignored
  if (XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME)) return path.join(XDG_CACHE_HOME, 'cdk-binary-layer');
  const home = homeDirectory();
  if (home === undefined) return temporaryCacheDirectory();
  return path.join(home, ...(process.platform === 'darwin' ? ['Library', 'Caches'] : ['.cache']), 'cdk-binary-layer');
}

/** @returns `undefined` if HOME is not an absolute path, or is not set and the user has no entry in /etc/passwd, as in many CI containers */
function homeDirectory(): string | undefined {
  try {
    const home = homedir();
    return path.isAbsolute(home) ? home : undefined;
  } catch {
    return undefined;
  }
}

let temporary: string | undefined;

/** Without a home directory, exported images and packages are kept until this process ends. */
function temporaryCacheDirectory(): string {
  if (temporary === undefined) {
    const directory = fs.mkdtempSync(path.join(tmpdir(), 'binary-layer-cache-'));
    process.once('exit', () => remove(directory));
    temporary = directory;
  }
  return temporary;
}

/** Makes a directory in there, and those that it lies in. Node's `recursive` does not come to an end below /proc. */
export function makeCacheDirectory(directory: string): void {
  if (fs.existsSync(directory)) return;
  makeCacheDirectory(path.dirname(directory));
  try {
    fs.mkdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another process was quicker
  }
}
