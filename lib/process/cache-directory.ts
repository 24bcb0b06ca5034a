/**
 * Where this user's caches are, by the XDG Base Directory Specification; `~/Library/Caches` on macOS.
 *
 * What is in there is never needed for a right answer: deleting `cdk-binary-layer` clears it.
 */
import * as fs from 'fs';
import { homedir } from 'os';
import * as path from 'path';

export function cacheDirectory(): string {
  const { XDG_CACHE_HOME } = process.env;
  // XDG: a relative path is invalid, to be ignored
  const base = XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME :
    process.platform === 'darwin' ? path.join(homedir(), 'Library', 'Caches') : path.join(homedir(), '.cache');
  return path.join(base, 'cdk-binary-layer');
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
