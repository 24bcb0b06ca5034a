/**
 * Adds the data of packages that add-on packages depend on. For example, a voice in a directory of the requested package depends on
 * a dictionary in the same directory. The dictionary's package does not depend on the requested one, so it is not an add-on itself.
 *
 * Adds only files in directories of packages that add-ons may extend. Other rules add libraries together with the plug-ins that need them,
 * and commands together with the files that start them.
 */
import { addFound } from './add-files';
import type { Package } from '../../packages/package';
import type { Context } from '../selection/context';
import { dependenciesOf } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

export function addDependenciesOfAddOn(
  { real: file, program }: Pending, selection: CurrentSelection, context: Context,
): Selection | undefined {
  const { packages, packageFiles } = context;
  const addOn = packages.ownerOf(file);
  if (addOn === undefined || !isAddOn(addOn, selection)) return undefined;
  const key = `dependencies of ${addOn.name}`;
  if (selection.followed.has(key)) return undefined;
  // an add-on that extends no requested package, such as CA certificates, is packed for another reason, so its dependencies are not needed
  const extended = [...selection.requested].filter((requested) => isBelow(file, packageFiles.directoriesOf(requested)));
  if (extended.length === 0) return undefined;
  // an interpreter may keep modules with shared libraries in a directory of one package, and other modules in a directory of another, so
  // the directories of all extensible packages count
  const hosts = [...new Set([...extended, ...[...selection.requested].filter((one) => selection.requested.isExtensible(one))])];
  const delta = selection.fork();
  delta.followed.add(key);
  for (const dependency of dependenciesOf(addOn, packages)) {
    if (!isAddOn(dependency, selection)) continue;
    const files = packageFiles.data(dependency).filter((real) => hosts.some((host) => isBelow(real, packageFiles.directoriesOf(host))));
    if (files.length === 0) continue;
    const why = { reason: `of package ${dependency.name}`, through: file, rule: `needed by the add-on ${addOn.name}` };
    const add = (fork: Selection) => files.flatMap((real) => addFound(real, why, fork, context));
    delta.defer({ path: files[0], need: 'add-on', group: dependency.name, why, program, add });
  }
  return delta;
}

/** True if a package is neither essential, nor requested, nor required by a requested package. */
function isAddOn(owner: Package, { requested }: CurrentSelection): boolean {
  return !owner.isEssential && !requested.has(owner) && !requested.requires(owner);
}

function isBelow(real: string, directories: ReadonlySet<string>): boolean {
  for (let end = real.lastIndexOf('/'); end > 0; end = real.lastIndexOf('/', end - 1)) {
    if (directories.has(real.slice(0, end))) return true;
  }
  return false;
}
