/**
 * Direct and indirect dependencies of packages.
 */
import { dependenciesOf, isForDevelopment } from './requested-packages';
import type { Package, PackageDatabase } from '../../packages/package';

export class Dependencies {
  private readonly known = new Map<Package, ReadonlySet<Package>>();

  constructor(private readonly database: PackageDatabase) {}

  /**
   * A package with its dependencies, without development packages and packages on which only these depend: a module that was built
   * with the headers of an interpreter may depend on them, and so on a compiler.
   */
  public of(owner: Package): ReadonlySet<Package> {
    let closure = this.known.get(owner);
    if (!closure) {
      const packages = new Set([owner]);
      for (const one of packages) {
        for (const dependency of dependenciesOf(one, this.database)) if (!isForDevelopment(dependency)) packages.add(dependency);
      }
      closure = packages;
      this.known.set(owner, closure);
    }
    return closure;
  }
}
