/**
 * Lists a directory of this machine. It is an error if the directory has too many entries.
 */
import * as fs from 'fs';
import type { MachinePath, RootPath } from './paths';
import { checkLimit, LIMITS } from '../limits';

/**
 * The names in a directory, sorted by code unit. Empty without permission to list it.
 *
 * All names are read at once: `opendir` makes an object for each entry, which takes ten times as long.
 *
 * @param real the directory's path in the root, for errors
 * @throws LimitError
 */
export function listDirectory(directory: MachinePath, real: RootPath): string[] {
  const names = namesIn(directory);
  checkLimit(LIMITS.directoryEntries, names.length, real);
  return names.sort();
}

function namesIn(directory: MachinePath): string[] {
  try {
    return fs.readdirSync(directory);
  } catch {
    return []; // no permission to list it
  }
}
