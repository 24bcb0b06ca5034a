/**
 * Files that have the name of a requested program, such as `rig.fmt`: a directory for many programs may have one for each of them.
 */
import * as path from 'path';
import type { Context } from '../selection/context';

/** Names of directories that are looked through. */
const MOST_NAMES = 16_384;

/** @returns resolved paths of the files below a directory that have the name of a requested program, apart from their extension */
export function namedAfterPrograms(directory: string, { root, requestedPrograms, dispatchedNames }: Context): string[] {
  const names = new Set([...requestedPrograms.keys()].map((real) => path.posix.basename(real)).concat(...dispatchedNames));
  const found: string[] = [];
  const directories = root.isDirectory(directory) ? [directory] : [];
  let left = MOST_NAMES;
  for (const at of directories) {
    for (const name of root.names(at)) {
      if (--left < 0) return found;
      const child = path.posix.join(at, name);
      const type = root.status(child)?.type;
      if (type === 'directory') directories.push(child);
      else if (type === 'file' && names.has(path.posix.parse(name).name)) found.push(child);
    }
  }
  return found;
}
