/**
 * Adds files of a self-built program within the size budget.
 */
import { excessOf } from './self-built';
import { isForLinking } from '../kinds/non-runtime';
import { addSelfBuilt } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Context } from '../selection/context';
import type { Selection, Why } from '../selection/selection';

/**
 * Adds a file, or a directory with everything below it except files that only linkers read. Each library that is added counts as a
 * plug-in of the program `opener`, so the libraries that the plug-in needs are added, too.
 *
 * @param base see `addSelfBuilt`
 * @param opener resolved path of the program that opens the files: for a script, its interpreter
 * @returns `undefined` if it was added; otherwise the number of bytes that it would add, which is too large
 */
export function addWithinBudget(
  found: string,
  base: string,
  why: Why,
  opener: string,
  delta: Selection,
  context: Context,
): number | undefined {
  const added = delta.fork();
  const files = addSelfBuilt(found, base, why, added, context, (child) => !isForLinking(child));
  for (const real of files) takeFile(real, opener, added, context);
  const excess = excessOf(added, delta, context);
  if (excess === undefined) delta.merge(added);
  return excess;
}
