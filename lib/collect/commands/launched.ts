/**
 * Programs that a requested script launches from a directory in a variable, as in `exec "$dir/rig.bin"`. The directory is the
 * script's own or one that the script mentions. The program is from the script's source package, or from a package that the script's
 * package depends on or recommends. The package of the program counts as requested.
 */
import * as path from 'path';
import { pathsAfterVariables } from './after-variable';
import { addImplementation } from './dispatched';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';
import type { Context } from '../selection/context';
import { isRelated, recommends } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Maximum number of paths that are looked up in each directory. */
const MOST_PATHS = 1024;

export function addLaunched({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages, requestedPrograms } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !requestedPrograms.has(file)) return undefined;
  const { kind, mentions } = root.content(file);
  if (kind !== 'script') return undefined;
  const paths = pathsAfterVariables(file, root).slice(0, MOST_PATHS);
  if (paths.length === 0) return undefined;
  const delta = selection.fork();
  const mentioned = mentions.map((mention) => root.real(mention.path)).filter((real) => real !== undefined && root.isDirectory(real));
  const directories = new Set([path.posix.dirname(file), ...mentioned as string[]]);
  for (const directory of directories) {
    if (isStandardDirectory(directory) || isCommandDirectory(directory)) continue;
    for (const suffix of paths) {
      const program = path.posix.join(directory, suffix);
      const real = root.file(program);
      if (real === undefined || delta.files.has(real) || (root.status(real)!.mode & 0o111) === 0) continue;
      const provider = packages.ownerOf(real);
      if (provider === undefined || !(isRelated(owner, provider) || recommends(owner, provider))) continue;
      delta.merge(addImplementation(program, file, `started by ${path.posix.basename(file)}`, delta, context));
    }
  }
  return delta;
}
