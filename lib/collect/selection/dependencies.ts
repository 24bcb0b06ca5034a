/**
 * Direct and indirect dependencies of packages.
 */
import { dependenciesOf, isForDevelopment } from './requested-packages';
import type { Package, PackageDatabase } from '../../packages/package';

export class Dependencies {
  private readonly known = new Map<Package, ReadonlySet<Package>>();

  constructor(private readonly database: PackageDatabase) {}

  /**
   * A package with its direct and indirect dependencies. Development packages are left out, and so are packages that only development
   * packages depend on: a module may depend on the headers that it was built with, and the package of the headers may depend on a compiler.
   */
  public of(owner: Package): ReadonlySet<Package> {
    let closure = this.known.get(owner);
    if (!closure) {
      const packages = new Set([owner]);
      for (const dependent of packages) {
        for (const dependency of dependenciesOf(dependent, this.database)) if (!isForDevelopment(dependency)) packages.add(dependency);
      }
      closure = packages;
      this.known.set(owner, closure);
    }
    return closure;
  }
}
