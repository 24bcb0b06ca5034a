/**
 * Commands that packed files name by their paths.
 */
import { isCode } from './command-words';
import { starterOf } from './starters';
import type { Package } from '../../packages/package';
import { unitOf } from '../../root/standard';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';
import type { CurrentSelection } from '../selection/selection';

/** @param file the packed file that names the command */
export function isNeededCommand(command: string, file: string, selection: CurrentSelection, context: Context): boolean {
  const starter = starterOf(file, selection, context);
  const registrar = registrarOf(file, selection.requested, context);
  return ownersOf(command, context).some((one) => selection.requested.has(one) || starter?.mayStart(one) || one === registrar);
}

/**
 * The dependency that registers its commands with a program: it installs a text into a directory of the program's package, and the text
 * names the commands. For example, the description of a solver has the path of the solver as a value. Code does not count: scripts for
 * the maintainers of such packages are also in these directories.
 *
 * @returns `undefined` if the file registers nothing
 */
export function registrarOf(file: string, requested: RequestedPackages, { packages, packageFiles, root }: Context): Package | undefined {
  const owner = packages.ownerOf(file);
  if (owner === undefined || requested.has(owner) || !requested.needs(owner)) return undefined;
  if (root.content(file).kind !== 'text' || isCode(file)) return undefined;
  return [...requested].some((one) => packageFiles.directoriesOf(one).has(unitOf(file))) ? owner : undefined;
}
