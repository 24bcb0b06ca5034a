/**
 * The packages of the requested programs and of the commands that these start, with their dependencies from the same source
 * package. Other packages are judged by how they relate to these.
 *
 * Immutable, so that a selection can be forked and dropped without any of it to be taken back.
 */
import * as path from 'path';
import type { Package, PackageDatabase } from '../packages/package';
import { unitOf } from '../root/standard';
import { withoutTrailing } from '../text/trailing';

export class RequestedPackages implements Iterable<Package> {
  private reached?: ReadonlySet<Package>;
  private required?: ReadonlySet<Package>;

  /**
   * @param all in the order in which they were added
   * @param extensible those of programs that the user requested: packages that extend them are packed as add-ons
   */
  constructor(
    private readonly database: PackageDatabase,
    private readonly all: ReadonlySet<Package> = new Set(),
    private readonly extensible: ReadonlySet<Package> = new Set(),
  ) {}

  public [Symbol.iterator](): Iterator<Package> {
    return this.all[Symbol.iterator]();
  }

  public has(owner: Package): boolean {
    return this.all.has(owner);
  }

  public isExtensible(owner: Package): boolean {
    return this.extensible.has(owner);
  }

  public with(more: Iterable<Package>): RequestedPackages {
    return new RequestedPackages(this.database, new Set([...this.all, ...more]), this.extensible);
  }

  public extending(more: Iterable<Package>): RequestedPackages {
    return new RequestedPackages(this.database, this.all, new Set([...this.extensible, ...more]));
  }

  /**
   * A package that is not requested yet, and its dependencies from the same source package, likewise. An essential package is the
   * least part of a program that every system has: packages of the same source that depend on it complete it, as perl does
   * perl-base.
   */
  public newWith(owner: Package): readonly Package[] {
    const found = new Set<Package>();
    const waiting = [owner];
    for (let one; (one = waiting.pop()); ) {
      if (this.all.has(one) || found.has(one)) continue;
      found.add(one);
      // each with its own dependencies before the next, as a recursion would give them
      for (const dependency of dependenciesOf(one, this.database).reverse()) if (dependency.source === owner.source) waiting.push(dependency);
      if (!one.isEssential) continue;
      const siblings = this.database.builtFrom(one.source);
      for (const sibling of siblings) if (sibling.depends.includes(one.name) && !isForDevelopment(sibling)) waiting.push(sibling);
    }
    return [...found];
  }

  /** Whether a package is requested, or built from the same source package as a requested one. */
  public isSibling(other: Package): boolean {
    return this.all.has(other) || [...this.all].some(({ source }) => source === other.source);
  }

  /** Whether requested packages depend on another, directly or not. Essential packages do not count: every system has them. */
  public needs(other: Package): boolean {
    return this.requires(other) && !other.isEssential;
  }

  /** Whether a package is requested, or requested packages depend on it, directly or not. */
  public requires(other: Package): boolean {
    this.required ??= this.closure(({ depends }) => depends);
    return this.required.has(other);
  }

  /** The requested packages with everything that they depend on or recommend, directly or not. */
  public reachable(): ReadonlySet<Package> {
    this.reached ??= this.closure((one) => [...one.depends, ...one.recommends]);
    return this.reached;
  }

  private closure(next: (one: Package) => readonly string[]): ReadonlySet<Package> {
    const packages = new Set(this.all);
    for (const one of packages) {
      for (const name of next(one)) {
        const found = this.database.get(name);
        if (found) packages.add(found);
      }
    }
    return packages;
  }
}

export function dependenciesOf(owner: Package, database: PackageDatabase): Package[] {
  return owner.depends.map((name) => database.get(name)).filter((dependency) => dependency !== undefined);
}

/** Whether two packages are the same, come from the same source package, or the one depends on the other directly. */
export function isRelated(owner: Package, other: Package): boolean {
  return other === owner || other.source === owner.source || owner.depends.includes(other.name);
}

export function recommends(owner: Package, other: Package): boolean {
  return owner.recommends.includes(other.name);
}

/** Headers and what compilers need, and no program at run time: Debian policy 8.4, and the same by convention in rpm's distributions. */
export function isForDevelopment({ name }: Package): boolean {
  return /-dev(?:el)?$/.test(name);
}

/** Characters of a version at the end of a name. */
const VERSION = '0123456789.';

/** With or without a version on either side: /usr/share/perl5 is named after perl-base, /usr/lib/python3 after python3.11. */
export function isNamedAfter(real: string, owner: Package): boolean {
  const whole = path.posix.basename(unitOf(real));
  const names = [whole, withoutTrailing(whole, VERSION)];
  return names.some((name) => owner.name.startsWith(`${name}-`) || owner.name === name || withoutTrailing(owner.name, VERSION) === name);
}
