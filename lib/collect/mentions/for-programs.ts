/**
 * Directories in which packages install files for another program, such as macros for aclocal. The program fails if its directory does not
 * exist, and works whether or not the directory contains files.
 */
import * as path from 'path';
import type { Mentioning } from './path-mentions';
import { isOfItsProgram } from '../kinds/non-runtime';
import { addFound } from '../programs/add-files';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

/**
 * Adds the mentioned directory if it is for the mentioning program, and the program's package lists it. If the package is named after the
 * program, like zsh-common (see `isOfItsProgram`), each of its files counts as the program. No other file counts: it may be a list of
 * directories to which installation scripts write, for example. Defers the files that other packages have installed in the directory.
 */
export function addDirectoryForProgram(mentioned: string, by: Mentioning, delta: Selection, context: Context): void {
  const { packages, root } = context;
  const { owner } = by;
  if (owner === undefined || !delta.requested.has(owner) || !packages.lists(owner, mentioned) || !root.isDirectory(mentioned)) return;
  if (![owner.name, path.posix.basename(by.real)].some((name) => isOfItsProgram(`${mentioned}/`, name))) return;
  const why = { reason: `for ${path.posix.basename(by.real)}`, through: by.real };
  addFound(mentioned, why, delta, context, () => undefined);
  const add = (fork: Selection) => addFound(mentioned, why, fork, context);
  delta.defer({ path: mentioned, need: 'add-on', group: mentioned, why, program: by.program, add });
}
