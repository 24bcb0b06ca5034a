/**
 * Derives from the package database how much the requested packages need another package.
 */
import type { Grounds } from './belonging';
import type { Package } from '../../packages/package';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';
import { isRelated, recommends } from '../selection/requested-packages';
import { NEEDS } from '../selection/size-budget';

type Facts = Pick<Context, 'root' | 'packages'>;

/** How much the requested packages need a package. A generated file, which has no package (`undefined`), is always needed. */
export function needOf(owner: Package | undefined, requested: RequestedPackages): Grounds['need'] {
  if (owner === undefined || owner.isEssential || requested.needsData(owner)) return 'needed';
  if (requested.requiresStrongly(owner)) return 'mentioned';
  return requested.reachable().has(owner) ? 'recommended' : 'add-on';
}

/**
 * Several packages may list one directory, so a path may have several owners. Returns the grounds of the owner that is needed most, among
 * those for which `answerFor` has an answer.
 */
export function strongest(
  owners: readonly Package[],
  requested: RequestedPackages,
  answerFor: (owner: Package | undefined) => (Pick<Grounds, 'rule'> & Partial<Pick<Grounds, 'need'>>) | undefined,
): Grounds | undefined {
  let best: Grounds | undefined;
  for (const owner of owners.length > 0 ? owners : [undefined]) {
    const need = needOf(owner, requested);
    if (best && NEEDS.indexOf(need) >= NEEDS.indexOf(best.need)) continue;
    const answer = answerFor(owner);
    if (answer) best = { rule: answer.rule, need: answer.need ?? need, owner };
  }
  return best;
}

/**
 * Whether a path is a directory that several packages list, none of which the requested packages need. Each file in it is judged by the
 * package that owns the file.
 */
export function isOfSeveralAddOns(real: string, { need }: Grounds, facts: Facts): boolean {
  return need === 'add-on' && isOfSeveral(real, facts);
}

/** Whether a path is a directory that several packages list. */
export function isOfSeveral(real: string, { root, packages }: Facts): boolean {
  return root.isDirectory(real) && !packages.isSole(root.real(real)!);
}

/** True if a path is packed only because requested packages recommend its package. Programs work without recommended packages. */
export function isOnlyRecommended(real: string, requested: RequestedPackages, { packages }: Facts): boolean {
  const owner = packages.ownerOf(real);
  if (owner === undefined) return false;
  const extendsOne = (one: Package) => packages.builtFrom(one.source).some((sibling) => isRelated(owner, sibling));
  if ([...requested].some((one) => isRelated(one, owner) || extendsOne(one))) return false;
  return [...requested].some((one) => recommends(one, owner));
}
