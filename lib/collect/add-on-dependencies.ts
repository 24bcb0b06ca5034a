/**
 * What add-ons need themselves: a voice in a directory of the requested package depends on a dictionary there, which does not
 * depend on the requested package. Only files in directories of requested packages count: libraries come with plug-ins, and
 * commands by their names.
 */
import { addFound } from './add-files';
import type { Context } from './context';
import { dependenciesOf } from './requested-packages';
import type { CurrentSelection, Pending, Selection } from './selection';
import type { Package } from '../packages/package';

export function addDependenciesOfAddOn({ real: file, program }: Pending, selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const { packages, packageFiles } = context;
  const addOn = packages.ownerOf(file);
  if (addOn === undefined || !isAddOn(addOn, selection)) return delta;
  const key = `dependencies of ${addOn.name}`;
  if (delta.followed.has(key)) return delta;
  delta.followed.add(key);
  const directories = [...selection.requested].map((host) => packageFiles.directoriesOf(host));
  for (const dependency of dependenciesOf(addOn, packages)) {
    if (!isAddOn(dependency, selection)) continue;
    const files = packageFiles.data(dependency).filter((real) => isBelow(real, directories));
    if (files.length === 0) continue;
    const why = { reason: `of package ${dependency.name}`, through: file, rule: `needed by the add-on ${addOn.name}` };
    const add = (fork: Selection) => files.flatMap((real) => addFound(real, why, fork, context));
    delta.defer({ path: files[0], need: 'add-on', group: dependency.name, why, program, add });
  }
  return delta;
}

/** Whether requested packages neither are nor depend on a package, which has data in the layer all the same. */
function isAddOn(owner: Package, { requested }: CurrentSelection): boolean {
  return !owner.isEssential && !requested.has(owner) && !requested.requires(owner);
}

function isBelow(real: string, directories: readonly ReadonlySet<string>[]): boolean {
  for (let end = real.lastIndexOf('/'); end > 0; end = real.lastIndexOf('/', end - 1)) {
    const parent = real.slice(0, end);
    if (directories.some((of) => of.has(parent))) return true;
  }
  return false;
}
