/**
 * Where this user's caches are, by the XDG Base Directory Specification; `~/Library/Caches` on macOS.
 *
 * What is in there is never needed for a right answer: deleting `cdk-binary-layer` clears it.
 */
import { homedir } from 'os';
import * as path from 'path';

export function cacheDirectory(): string {
  const { XDG_CACHE_HOME } = process.env;
  // XDG: a relative path is invalid, to be ignored
  const base = XDG_CACHE_HOME && path.isAbsolute(XDG_CACHE_HOME) ? XDG_CACHE_HOME :
    process.platform === 'darwin' ? path.join(homedir(), 'Library', 'Caches') : path.join(homedir(), '.cache');
  return path.join(base, 'cdk-binary-layer');
}
