/**
 * Groups of candidates, and the order in which they are tried: the most needed groups first. Among equally needed groups, the order
 * is:
 *
 * 1. add-ons from the same source package as a requested package,
 * 2. groups that depend on fewer other add-ons, then on fewer packages,
 * 3. modules that are nearer to the script (see module-distance.ts),
 * 4. smaller groups.
 *
 * The number of dependencies counts before the size, because it stays the same when other packages are installed. If only the size
 * counted, a hundred smaller modules on the machine would leave no room for NumPy.
 */
import type { Process } from '../../closure/closure';
import type { Package } from '../../packages/package';
import { withinMetapackages } from '../relations/metapackages';
import type { Context } from '../selection/context';
import { isEssential, type Lacking, PART_OF_DEPENDENCY, rankOfModule } from '../selection/module-distance';
import { dependenciesOf as directDependenciesOf } from '../selection/requested-packages';
import type { Candidate, CurrentSelection } from '../selection/selection';
import { type Need, NEEDS } from '../selection/size-budget';

/** Links and processes that a group would add. Each process is that of a program in the layer, with more plug-ins. */
export interface Addition {
  readonly links: ReadonlyMap<string, string>;
  readonly processes: ReadonlyMap<string, Process>;
}

/** Candidates that are packed together or not at all. */
export interface Group extends Pick<Candidate, 'need' | 'limit'> {
  readonly key: string;
  /** see `Candidate.distance`; infinite if it is not a module */
  readonly distance: number;
  readonly candidates: readonly Candidate[];
  /**
   * for an add-on: its `KINSHIP`, the number of its dependencies that are add-ons, too, and the number of all its dependencies. Packages
   * that requested packages require, and siblings of requested packages, are not counted. Zeros for other groups
   */
  readonly dependencies: readonly [kinship: number, addOns: number, packages: number];
  /** size that it would add, in bytes; `undefined` until it is computed */
  readonly bytes?: number;
  /** whether `bytes` includes the libraries that its plug-ins need */
  readonly isMeasured: boolean;
  /** whether it is a part of a larger group: the files of one directory */
  readonly isSplit?: boolean;
  /** whether it must not be split */
  readonly isWhole?: boolean;
  /** whether all of it is for programs that are not requested: it is tried after all other groups */
  readonly isOfOthers?: boolean;
  /** whether the evidence for all of it is weak: it is tried after everything else that is needed as much */
  readonly isWeak?: boolean;
  /** whether it exceeded its limit: the group is tried again without a limit, after all groups that are within their limits */
  readonly isOverLimit?: boolean;
  /** what it would add; `undefined` until it is tried */
  readonly addition?: Addition;
}

/** How add-ons relate to requested packages. Add-ons with a lower number are tried first. */
export const KINSHIP = {
  /** from the same source package as a requested one */
  sibling: 0,
  partOfSibling: 1,
  other: 2,
} as const;

export type Measured = Group & { readonly bytes: number };

export function hasSize(group: Group): group is Measured {
  return group.bytes !== undefined;
}

/** The `distance` of a group: that of its nearest module. */
export function distanceOf(candidates: readonly Candidate[]): number {
  return Math.min(...candidates.map(({ distance = Infinity }) => distance));
}

/** The ranks of groups, in the order in which they are tried. */
export const RANKS = [...Array(NEEDS.length * 2 + 2).keys()];

const OVER_LIMIT = NEEDS.length * 2;
const OF_OTHERS = OVER_LIMIT + 1;

/**
 * Parts of a group, and groups with weak evidence, come after other equally needed groups, except among add-ons. Groups above their limit,
 * which are always add-ons, come after all groups that are within their limits. Groups for programs that are not requested come last.
 */
export function rankOf({ need, isSplit, isWeak, isOverLimit, isOfOthers }: Group): number {
  if (isOfOthers) return OF_OTHERS;
  return isOverLimit ? OVER_LIMIT : NEEDS.indexOf(need) * 2 + ((isSplit || isWeak) && need !== 'add-on' ? 1 : 0);
}

/** Whether the groups of a rank have this need. */
export function isOfRank(rank: number, need: Need): boolean {
  return NEEDS[rank >= OVER_LIMIT ? NEEDS.indexOf('add-on') : rank >> 1] === need;
}

/** See `Group.dependencies`. */
export function dependenciesOf(
  { path: found, isCommand }: Candidate,
  need: Candidate['need'],
  { requested }: CurrentSelection,
  { root, packages, dependencies }: Context,
): Group['dependencies'] {
  const owner = ownerOf(found, { root, packages });
  if (need !== 'add-on' || owner === undefined) return [0, 0, 0];
  const others = [...dependencies.of(owner)].filter((one) => one !== owner && !requested.isSibling(one) && !requested.requires(one));
  const isAddOn = (one: Package) => directDependenciesOf(one, packages).some((extended) => requested.isSibling(extended));
  const kinship = requested.isSibling(owner) && !isCommand ? KINSHIP.sibling : KINSHIP.other;
  return [kinship, others.filter(isAddOn).length, others.length];
}

/**
 * Finds the packages that own candidates and without which a program may fail to start: packages of essential modules, recommended
 * packages whose commands a script starts, and direct dependencies. In a tight layer, any candidate of a direct dependency counts. In
 * other layers, only its directories of plug-ins do.
 *
 * @param bytes how many bytes all candidates together would add
 */
export function essentialPackages(
  candidates: readonly Candidate[],
  bytes: number,
  selection: CurrentSelection,
  context: Context,
): Lacking {
  const { requested } = selection;
  const found = new Map<Package, number>();
  const programs = requested.isTight ? [...requested].filter((one) => requested.reasonFor(one) === 'program') : [];
  const ofPrograms = new Set(programs.flatMap(({ depends }) => withinMetapackages(depends, context)));
  const isPartOfDependency = (owner: Package) => requested.requiresDirectly(owner) || ofPrograms.has(owner);
  // a library may fail without the directory of its plug-ins; single files may be drivers of hardware
  const isOwnDirectory = (place: string, owner: Package, need: Need, through?: string) => (
    need === 'mentioned' && through !== undefined && context.packages.ownerOf(through) === owner && context.root.isDirectory(place));
  for (const { path: place, need, distance = Infinity, why: { through } } of candidates) {
    const owner = ownerOf(place, context);
    if (owner === undefined) continue;
    if (need === 'mentioned' && isEssential({ distance, bytes })) {
      found.set(owner, Math.min(distance, found.get(owner) ?? distance));
    } else if ((requested.isTight || isOwnDirectory(place, owner, need, through)) && isPartOfDependency(owner)) {
      found.set(owner, PART_OF_DEPENDENCY);
    } else if (isStarted(owner, need, selection, context)) {
      found.set(owner, PART_OF_DEPENDENCY);
    }
  }
  return found;
}

/** Whether a package owns a command that is started by a requested script, or by a file that such a script sources. */
function isStarted(owner: Package, need: Need, { commands, files }: CurrentSelection, { packages, requestedPrograms }: Context): boolean {
  const isOfRequested = (file: string | undefined) => file !== undefined && requestedPrograms.get(file)?.interpreter !== undefined;
  return need === 'recommended' && [...commands.values()].some(({ real }) => {
    const starter = packages.ownerOf(real) === owner ? files.get(real)?.through : undefined;
    return starter !== undefined && (isOfRequested(starter) || isOfRequested(files.get(starter)?.through));
  });
}

/** Whether an add-on is from the same source package as a requested one: a program's own plug-ins may be in a separate package. */
export function isOfSibling({ need, candidates }: Group, { requested }: CurrentSelection, context: Context): boolean {
  const owner = ownerOf(candidates[0].path, context);
  return need === 'add-on' && owner !== undefined && requested.isSibling(owner);
}

/** The package of a candidate. The candidate's `path` may also be the name of a package: see programs.ts. */
function ownerOf(found: string, { root, packages }: Pick<Context, 'root' | 'packages'>): Package | undefined {
  return packages.ownerOf(found) ?? packages.ownerOf(root.real(found) ?? found) ?? packages.get(found);
}

/** Whether one group is tried before another that is equally needed. */
export function isBefore(one: Measured, other: Measured): boolean {
  for (const [at, count] of one.dependencies.entries()) {
    if (count !== other.dependencies[at]) return count < other.dependencies[at];
  }
  const [rank, otherRank] = [rankOfModule(one), rankOfModule(other)];
  return rank === otherRank ? one.bytes < other.bytes : rank < otherRank;
}
