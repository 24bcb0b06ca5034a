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
 * Adds the mentioned directory if it is for the mentioning program, and the program's package lists it. Every file of a package with the
 * name of the program counts as the program. Defers the files that other packages have installed there. Mentions in other files do not
 * count: they may be in lists of the directories that installation scripts write to, for example.
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
