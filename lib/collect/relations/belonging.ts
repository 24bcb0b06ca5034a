/**
 * Answers two questions from the package database: Does a path belong to the file that mentions it? Does a path belong to the package in
 * whose directory it is? Each question has a list of rules, read from top to bottom: the first rule that has an answer decides.
 */
import * as path from 'path';
import { strongest } from './need';
import type { Package } from '../../packages/package';
import { isCommandDirectory } from '../../root/standard';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';
import { dependenciesOf, isForDevelopment, isNamedAfter, isRelated, recommends } from '../selection/requested-packages';
import type { Need } from '../selection/size-budget';

/** Why a path may be packed. */
export interface Grounds {
  /** in words that follow the path, such as `of rig-data, a dependency of rig` */
  readonly rule: string;
  /** how much the requested packages need the package that owns the path */
  readonly need: Need;
  /** the package that owns the path */
  readonly owner?: Package;
}

/** Ends the list of rules: the path may not be packed. */
const REFUSED = 'refused';

type Answer = (Pick<Grounds, 'rule'> & Partial<Pick<Grounds, 'need'>>) | typeof REFUSED | undefined;

type Facts = Pick<Context, 'root' | 'packages' | 'packageFiles'>;

/** A path that a file mentions. */
interface Mentioned {
  readonly real: string;
  /** the package that owns the path */
  readonly owner?: Package;
  /** the package of the file that mentions it */
  readonly by?: Package;
  readonly isFile: boolean;
  /** whether the path as mentioned is a link to `real` */
  readonly isLinked: boolean;
  readonly isDirectory: boolean;
  /** whether only a directory above it is mentioned */
  readonly isBelow: boolean;
  readonly requested: RequestedPackages;
  readonly facts: Facts;
}

const MENTIONED: readonly ((mentioned: Mentioned) => Answer)[] = [
  ifCommand,
  ifNotOwned,
  ifMentionedByUnownedFile,
  ifOfRelatedPackage,
  ifSelectedAlternative,
  ifSharedDirectory,
  ifNamedAfterRequestedPackage,
  ifOfPackageThatRequestedOnesNeed,
  ifFileOfReachablePackage,
  ifDirectoryOfAddOn,
  ifAddOnInDirectoryOfSibling,
];

/**
 * Why a path that a file mentions may be packed.
 *
 * @param candidate the path as it is mentioned
 * @param real the same with its links resolved
 * @param by the package of the file that mentions it
 * @param isBelow whether only a directory above it is mentioned
 * @returns `undefined` if it may not
 */
export function groundsToFollow(
  candidate: string,
  real: string,
  by: Package | undefined,
  requested: RequestedPackages,
  facts: Facts,
  isBelow = false,
): Grounds | undefined {
  const type = facts.root.status(real)?.type;
  const [isFile, isDirectory] = [type === 'file', type === 'directory'];
  const owners = [...facts.packages.ownersOf(candidate)];
  return strongest(owners.length > 0 ? owners : [...facts.packages.ownersOf(real)], requested, (owner) =>
    firstAnswer(MENTIONED, { real, owner, by, isFile, isLinked: real !== candidate, isDirectory, isBelow, requested, facts }));
}

/** A command that a file mentions is packed only if its package is requested or if requested packages need it. */
function ifCommand({ real, owner, isFile, requested }: Mentioned): Answer {
  if (!isFile || !isCommandDirectory(path.posix.dirname(real))) return undefined;
  if (owner === undefined) return REFUSED;
  if (requested.has(owner)) return { rule: `a command of ${owner.name}` };
  return requested.needs(owner) ? { rule: `a command of ${owner.name}, which is needed` } : REFUSED;
}

/** An unowned path counts as generated if it is below /usr (but not /usr/local), /etc or /var. Elsewhere, it may be the user's. */
function ifNotOwned({ real, owner }: Mentioned): Answer {
  if (owner !== undefined) return undefined;
  return /^\/(?:usr(?!\/local\/)|etc|var)\//.test(real) ? { rule: 'owned by no package' } : REFUSED;
}

/** A file that no package owns has no declared dependencies, so it may mention files of any package. */
function ifMentionedByUnownedFile({ owner, by }: Mentioned): Answer {
  return by === undefined ? { rule: `of package ${owner!.name}` } : undefined;
}

function ifOfRelatedPackage({ owner, by }: Mentioned): Answer {
  return isRelated(by!, owner!) ? relationTo(by!, owner!) : undefined;
}

/** If several packages satisfy a dependency, such as packages of sound fonts, a link of update-alternatives(1) selects one of them. */
function ifSelectedAlternative({ owner, by, isFile, isLinked }: Mentioned): Answer {
  if (!isFile || !isLinked || !by!.satisfying?.includes(owner!.name)) return undefined;
  return { rule: `of ${owner!.name}, the selected alternative of a dependency of ${by!.name}`, need: 'mentioned' };
}

/** Several packages may list the same directory. */
function ifSharedDirectory({ real, by, isDirectory, facts: { packages } }: Mentioned): Answer {
  const sharer = isDirectory ? [by!, ...dependenciesOf(by!, packages)].find((one) => packages.lists(one, real)) : undefined;
  return sharer && { rule: `a directory that ${sharer.name} lists, too` };
}

/** Packages install modules for an interpreter into directories with its name: /usr/share/lua, for example. */
function ifNamedAfterRequestedPackage(mentioned: Mentioned): Answer {
  const { real, owner, by, isDirectory, requested, facts } = mentioned;
  if (!requested.has(by!)) return undefined;
  const namesake = [...requested].find((one) => isNamedAfter(real, one));
  if (!namesake) return undefined;
  const rule = `in a directory named after ${namesake.name}`;
  if (requested.has(owner!)) return { rule };
  if (requested.isExtensible(by!)) return { rule };
  // a directory that several packages list may be packed: each file in it is judged by the package that owns the file
  return isDirectory && !facts.packages.isSole(real) ? { rule } : undefined;
}

function ifOfPackageThatRequestedOnesNeed({ owner, by, requested }: Mentioned): Answer {
  if (!requested.has(by!)) return undefined;
  const user = [...requested].find((one) => isRelated(one, owner!) || recommends(one, owner!));
  return user && relationTo(user, owner!);
}

/** If a file itself is mentioned, it may be of any package that requested ones depend on or recommend, even indirectly. */
function ifFileOfReachablePackage({ owner, by, isFile, isBelow, requested }: Mentioned): Answer {
  if (!isFile || isBelow || !requested.has(by!) || !requested.reachable().has(owner!)) return undefined;
  return { rule: `a file of ${owner!.name}, which is usually installed with ${by!.name}` };
}

/** If several add-ons list the directory, each file in it is judged by the package that owns the file. */
function ifDirectoryOfAddOn({ owner, by, isFile, isBelow, requested, facts }: Mentioned): Answer {
  if ((isFile && !isBelow) || !requested.has(by!)) return undefined;
  const extended = [by!, ...facts.packages.builtFrom(by!.source), ...requested].find((one) => isRelated(owner!, one));
  if (!extended || !requested.isExtensible(by!)) return undefined;
  return { rule: `of ${owner!.name}, an add-on of ${extended.name}` };
}

function ifAddOnInDirectoryOfSibling({ real, by, requested, facts }: Mentioned): Answer {
  const parent = path.posix.dirname(real);
  for (const one of [by!, ...facts.packages.builtFrom(by!.source)]) {
    const grounds = facts.packageFiles.directoriesOf(one).has(parent) ? groundsInDirectoryOf(real, one, requested, facts) : undefined;
    if (grounds) return grounds;
  }
  return undefined;
}

/** A path in a directory of a package. */
interface Inside {
  readonly real: string;
  /** the package that owns the path */
  readonly other?: Package;
  /** the package whose directory it is in */
  readonly host: Package;
  readonly requested: RequestedPackages;
  readonly facts: Facts;
}

const INSIDE: readonly ((inside: Inside) => Answer)[] = [
  ifGenerated,
  ifOfRequestedPackage,
  ifForDevelopingOnRequestedPackage,
  ifNeededByHost,
  ifAddOnOfHost,
];

/**
 * Why a path in a directory of a package may be packed: because of the package that owns the path, or because an installation generated it.
 *
 * @param host the package whose directory it is in
 * @returns `undefined` if it may not
 */
export function groundsInDirectoryOf(
  real: string,
  host: Package,
  requested: RequestedPackages,
  facts: Facts,
): Grounds | undefined {
  return strongest([...facts.packages.ownersOf(real)], requested, (other) => firstAnswer(INSIDE, { real, other, host, requested, facts }));
}

/**
 * Installations generate files and links in directories of packages. Directories that no package owns are assumed to be the
 * user's; `__pycache__` is the exception.
 */
function ifGenerated({ real, other, host, requested, facts }: Inside): Answer {
  if (other !== undefined) return undefined;
  const { root } = facts;
  if (root.status(real)?.type === 'directory' && path.posix.basename(real) !== '__pycache__') return REFUSED;
  const target = root.real(real);
  const isOwn = target === undefined || target === real || groundsInDirectoryOf(target, host, requested, facts) !== undefined;
  return isOwn ? { rule: `generated in a directory of ${host.name}` } : REFUSED;
}

function ifOfRequestedPackage({ other, requested }: Inside): Answer {
  return requested.has(other!) ? { rule: `of package ${other!.name}` } : undefined;
}

/** A `-dev` package that depends on a requested one is refused, even if the host depends on it: only compilers need its files. */
function ifForDevelopingOnRequestedPackage({ other, requested, facts: { packages } }: Inside): Answer {
  const isExtension = isForDevelopment(other!) && dependenciesOf(other!, packages).some((one) => requested.has(one));
  return isExtension ? REFUSED : undefined;
}

function ifNeededByHost({ other, host, requested, facts }: Inside): Answer {
  const user = usersOf(host, requested, facts).find((one) => isRelated(one, other!) || recommends(one, other!));
  return user && relationTo(user, other!);
}

function ifAddOnOfHost({ other, host, requested, facts }: Inside): Answer {
  if (!requested.isExtensible(host)) return undefined;
  const extended = usersOf(host, requested, facts).find((one) => isRelated(other!, one) || recommends(other!, one));
  return extended && { rule: `of ${other!.name}, an add-on of ${extended.name}` };
}

function usersOf(host: Package, requested: RequestedPackages, { packages }: Facts): Package[] {
  return [host, ...packages.builtFrom(host.source), ...requested];
}

/** The rule, in words, for a package that `user` is related to or recommends. */
function relationTo(user: Package, owner: Package): Pick<Grounds, 'rule'> {
  if (owner === user) return { rule: `of package ${owner.name}` };
  if (owner.source === user.source) return { rule: `of ${owner.name}, from the same source package as ${user.name}` };
  const relation = user.depends.includes(owner.name) ? 'a dependency of' : 'recommended by';
  return { rule: `of ${owner.name}, ${relation} ${user.name}` };
}

function firstAnswer<T>(rules: readonly ((question: T) => Answer)[], question: T): Exclude<Answer, typeof REFUSED> {
  for (const rule of rules) {
    const answer = rule(question);
    if (answer !== undefined) return answer === REFUSED ? undefined : answer;
  }
  return undefined;
}
