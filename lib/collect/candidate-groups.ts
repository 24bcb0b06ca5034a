/**
 * Groups of candidates in the order in which they are tried: those that programs need most first; of these, add-ons that depend on
 * the fewest other add-ons, then on the fewest packages; and of these, the smallest.
 *
 * What a package depends on does not change with what else is installed. By their sizes alone, an add-on would have no room on a
 * machine with many smaller ones, such as NumPy beside a hundred other modules.
 */
import type { Context } from './context';
import { dependenciesOf as directDependenciesOf } from './requested-packages';
import type { Candidate, CurrentSelection } from './selection';
import { NEEDS } from './size-budget';
import type { Package } from '../packages/package';

/** Candidates that are packed together or not at all. */
export interface Group extends Pick<Candidate, 'need' | 'limit'> {
  readonly key: string;
  readonly candidates: readonly Candidate[];
  /** of an add-on: the number of other add-ons that it depends on, and of packages that no requested one depends on */
  readonly dependencies: readonly [addOns: number, packages: number];
  /** size that it would add, in bytes; `undefined` until it is computed */
  readonly bytes?: number;
  /** whether the libraries that its plug-ins need are among these */
  readonly isMeasured: boolean;
  /** whether its files are from one directory of a larger group */
  readonly isSplit?: boolean;
  /** whether it is not split */
  readonly isWhole?: boolean;
}

export type Measured = Group & { readonly bytes: number };

export function hasSize(group: Group): group is Measured {
  return group.bytes !== undefined;
}

/** Parts of a group come after whole groups that are needed as much. */
export function rankOf({ need, isSplit }: Group): number {
  return NEEDS.indexOf(need) * 2 + (isSplit ? 1 : 0);
}

/** See `Group.dependencies`. */
export function dependenciesOf(
  { path: found }: Candidate,
  need: Candidate['need'],
  { requested }: CurrentSelection,
  { root, packages, dependencies }: Context,
): Group['dependencies'] {
  const owner = packages.ownerOf(found) ?? packages.ownerOf(root.real(found) ?? found);
  if (need !== 'add-on' || owner === undefined) return [0, 0];
  const others = [...dependencies.of(owner)].filter((one) => one !== owner && !requested.isSibling(one) && !requested.requires(one));
  const isAddOn = (one: Package) => directDependenciesOf(one, packages).some((extended) => requested.isSibling(extended));
  return [others.filter(isAddOn).length, others.length];
}

/** The packages of candidates that requested packages depend on directly. A candidate's path may be a package's name: see programs.ts. */
export function directDependencies(
  candidates: readonly Candidate[],
  { requested }: CurrentSelection,
  { root, packages }: Context,
): Package[] {
  const owners = candidates.map(({ path: found }) => (
    packages.ownerOf(found) ?? packages.ownerOf(root.real(found) ?? found) ?? packages.get(found)));
  return owners.filter((owner) => owner !== undefined && requested.requiresDirectly(owner)) as Package[];
}

/** Whether one group is tried before another that is needed as much. */
export function isBefore(one: Measured, other: Measured): boolean {
  const addOns = one.dependencies[0] - other.dependencies[0];
  if (addOns !== 0) return addOns < 0;
  const packages = one.dependencies[1] - other.dependencies[1];
  return packages === 0 ? one.bytes < other.bytes : packages < 0;
}
