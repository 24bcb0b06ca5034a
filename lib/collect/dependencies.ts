/**
 * What packages depend on, directly or not.
 */
import { dependenciesOf, isForDevelopment } from './requested-packages';
import type { Package, PackageDatabase } from '../packages/package';

export class Dependencies {
  private readonly known = new Map<Package, ReadonlySet<Package>>();

  constructor(private readonly database: PackageDatabase) {}

  /**
   * A package with everything that it depends on. Development packages, and what only they depend on, are not part of it: a
   * module that was built with an interpreter's headers may depend on them, and so on a compiler.
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
