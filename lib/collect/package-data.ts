/**
 * The data of a requested package, and of its add-ons: files of other packages in its directories, such as a dictionary, a
 * language, an extension.
 */
import { addFound } from './add-files';
import { groundsInDirectoryOf } from './belonging';
import type { Context } from './context';
import { isNonRuntime, isForLinking } from './non-runtime';
import { takeFile } from './processes';
import type { Selection } from './selection';
import type { Package } from '../packages/package';

/**
 * @param through resolved path of the program that the package was added for
 * @param opener resolved path of the program that opens the data: the interpreter of a script
 */
export function addPackageData(owner: Package, through: string, opener: string, delta: Selection, context: Context): void {
  const { packageFiles } = context;
  const why = { reason: `of package ${owner.name}`, through };
  // a link of the package may lead to a directory of another one, which is not entered
  const nothingBelow = () => undefined;
  const added = packageFiles.data(owner).flatMap((real) => addFound(real, why, delta, context, nothingBelow));
  const accept = (real: string) => {
    if (isNonRuntime(real) || isForLinking(real)) return undefined;
    return groundsInDirectoryOf(real, owner, delta.requested, context);
  };
  for (const directory of packageFiles.directoriesOf(owner)) {
    added.push(...addFound(directory, { reason: `in a directory of package ${owner.name}`, through }, delta, context, accept));
  }
  for (const real of added) takeFile(real, opener, delta, context);
}
