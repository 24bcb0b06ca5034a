/**
 * Commands of the packages that a package recommends.
 */
import type { Package } from '../../packages/package';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { recommendedBy } from '../selection/requested-packages';

interface RecommendedCommand {
  readonly path: string;
  /** the recommended package */
  readonly provider: Package;
}

/** Cached, because rules look them up for every small text and every module of a package. */
const known = cacheByRoot<readonly RecommendedCommand[]>();

export function commandsRecommendedBy(owner: Package, { root, packages, packageFiles }: Context): readonly RecommendedCommand[] {
  return known(root, owner.name, () => recommendedBy(owner, packages).flatMap((provider) => (
    packageFiles.commands(provider).filter((path) => root.isFile(path)).map((path) => ({ path, provider })))));
}
