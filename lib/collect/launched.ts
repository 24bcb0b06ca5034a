/**
 * Programs behind a launcher: a requested script starts them by a variable for their directory, as in `exec "$dir/rig.bin"`. The
 * directory is the script's own or one that the script mentions, and the program is of the script's source package or of a package
 * that the script's package depends on or recommends. Those in packages that are requested anyway are packed with their data.
 */
import * as path from 'path';
import type { Context } from './context';
import { addImplementation } from './dispatched';
import { isRelated, recommends } from './requested-packages';
import type { CurrentSelection, Pending, Selection } from './selection';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

/** Larger scripts carry an archive behind their commands. */
const MOST_BYTES = 1024 * 1024;
/** Paths that are looked for. */
const MOST_PATHS = 1024;
/** What follows a variable, or a command substitution such as `$(dirname "$0")`. */
const BEHIND_VARIABLE = /(?:\$\w+|\$\{\w+\}|[)`])"?((?:\/[\w.+-]+)+)(?=["'`\s;)&|]|$)/gm;

export function addLaunched({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const { root, packages, requestedPrograms } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !requestedPrograms.has(file)) return delta;
  const { kind, size, mentions } = root.content(file);
  if (kind !== 'script' || size > MOST_BYTES) return delta;
  const mentioned = mentions.map((mention) => root.real(mention.path)).filter((real) => real !== undefined && root.isDirectory(real));
  const directories = new Set([path.posix.dirname(file), ...mentioned as string[]]);
  const paths = new Set([...root.scan(file, (bytes) => bytes.toString('latin1')).matchAll(BEHIND_VARIABLE)].map(([, behind]) => behind));
  for (const directory of directories) {
    if (isStandardDirectory(directory) || isCommandDirectory(directory)) continue;
    for (const behind of [...paths].slice(0, MOST_PATHS)) {
      const found = path.posix.join(directory, behind);
      const real = root.file(found);
      if (real === undefined || delta.files.has(real) || (root.status(real)!.mode & 0o111) === 0) continue;
      const provider = packages.ownerOf(real);
      if (provider === undefined || !(isRelated(owner, provider) || recommends(owner, provider))) continue;
      delta.merge(addImplementation(found, file, `started by ${path.posix.basename(file)}`, delta, context));
    }
  }
  return delta;
}
