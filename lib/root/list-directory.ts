/**
 * Lists a directory of this machine, up to a limit.
 */
import * as fs from 'fs';
import type { MachinePath, RootPath } from './paths';
import { checkLimit, LIMITS } from '../limits';

/** A larger buffer takes longer for most directories, which are small. */
const ENTRIES_AT_ONCE = 128;

/**
 * The names in a directory, sorted by code unit; none without permission to list it.
 *
 * @param real its path in the root, for errors
 * @throws LimitError
 */
export function listDirectory(directory: MachinePath, real: RootPath): string[] {
  let opened: fs.Dir;
  try {
    opened = fs.opendirSync(directory, { bufferSize: ENTRIES_AT_ONCE });
  } catch {
    return []; // no permission to list it
  }
  try {
    const names: string[] = [];
    for (let entry; (entry = opened.readSync()); ) {
      names.push(entry.name);
      checkLimit(LIMITS.directoryEntries, names.length, real);
    }
    return names.sort();
  } finally {
    opened.closeSync();
  }
}
