/**
 * Commands of modules that a requested script imports: pytesseract starts `tesseract`, and the package of pytesseract depends on that of
 * tesseract.
 */
import type { Package } from '../../packages/package';
import { valueOf } from '../../packages/package';
import { withinMetapackages } from '../relations/metapackages';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';

/** Cached by package, because a package may have thousands of modules. */
const known = new WeakMap<Context['requestedPrograms'], Map<Package, ReadonlySet<Package>>>();

/**
 * The packages with commands that a package of modules depends on directly. Essential packages do not count, nor packages built from the
 * same source as the package of modules or as the interpreters of requested scripts. Empty if no script is requested.
 */
export function commandPackagesOf(owner: Package, context: Context): ReadonlySet<Package> {
  const { requestedPrograms } = context;
  let byOwner = known.get(requestedPrograms);
  if (!byOwner) known.set(requestedPrograms, byOwner = new Map());
  return valueOf(byOwner, owner, () => findFor(owner, context));
}

function findFor(owner: Package, context: Context): ReadonlySet<Package> {
  const { requestedPrograms } = context;
  const interpreters = [...requestedPrograms.values()].flatMap(({ interpreter }) => interpreter?.program ?? []);
  if (interpreters.length === 0) return new Set();
  const sources = new Set(interpreters.flatMap(({ path, real }) => [path, real]).flatMap((file) => ownersOf(file, context))
    .map(({ source }) => source));
  return new Set(withinMetapackages(owner.depends, context).filter((one) => !sources.has(one.source) && hasCommands(one, owner, context)));
}

/** True if a package has commands, is not essential, and is from another source package than `dependent`. */
export function hasCommands(one: Package, dependent: Package, { packageFiles }: Context): boolean {
  return !one.isEssential && one.source !== dependent.source && packageFiles.commands(one).length > 0;
}
