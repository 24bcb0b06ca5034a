/**
 * The packages that count as requested: those of the requested programs, and of commands and modules that these programs use, each with its
 * dependencies from the same source package. Other packages are judged by their relation to the requested ones.
 *
 * Immutable, so that dropping a fork of a selection drops its packages as well.
 */
import * as path from 'path';
import type { Package, PackageDatabase } from '../../packages/package';
import { unitOf } from '../../root/standard';
import { withoutTrailing } from '../../text/trailing';

/**
 * Why a package is requested, the strongest reason first:
 * - `program`: for a program that the user requests, or for one that such a program needs;
 * - `module`: as a module of a script;
 * - `recommended`: for a program that a requested package only recommends.
 */
const REQUEST_REASONS = ['program', 'module', 'recommended'] as const;

export type RequestReason = typeof REQUEST_REASONS[number];

export class RequestedPackages implements Iterable<Package> {
  private sources?: ReadonlySet<string>;
  private reached?: ReadonlySet<Package>;
  private required?: ReadonlySet<Package>;
  private requiredByStrong?: ReadonlySet<Package>;
  private direct?: ReadonlySet<Package>;

  /**
   * @param all in the order in which they were added
   * @param extensible packages of requested programs, and of modules bundled with them: packages that extend these are packed as add-ons
   * @param isTight whether a layer with all data of direct dependencies would be too large: their data is optional then
   */
  constructor(
    private readonly database: PackageDatabase,
    private readonly all: ReadonlyMap<Package, RequestReason> = new Map(),
    private readonly extensible: ReadonlySet<Package> = new Set(),
    public readonly isTight = false,
  ) {}

  public [Symbol.iterator](): Iterator<Package> {
    return this.all.keys();
  }

  public has(owner: Package): boolean {
    return this.all.has(owner);
  }

  public isExtensible(owner: Package): boolean {
    return this.extensible.has(owner);
  }

  public reasonFor(owner: Package): RequestReason | undefined {
    return this.all.get(owner);
  }

  public with(more: Iterable<Package>, reason: RequestReason): RequestedPackages {
    const added = [...more].map((one) => [one, reason] as const);
    return new RequestedPackages(this.database, new Map([...this.all, ...added]), this.extensible, this.isTight);
  }

  public extending(more: Iterable<Package>): RequestedPackages {
    return new RequestedPackages(this.database, this.all, new Set([...this.extensible, ...more]), this.isTight);
  }

  /**
   * The packages that become requested with a package: the package itself and its dependencies from the same source package, except for
   * those that are already requested for the same or a stronger reason. An essential package is only the part of a program that every
   * system has, so siblings that depend on it are added, too: perl completes perl-base.
   */
  public newWith(owner: Package, reason: RequestReason): readonly Package[] {
    const rank = REQUEST_REASONS.indexOf(reason);
    const isKnown = (one: Package) => this.all.has(one) && REQUEST_REASONS.indexOf(this.all.get(one)!) <= rank;
    const found = new Set<Package>();
    const waiting = [owner];
    for (let one; (one = waiting.pop()); ) {
      if (isKnown(one) || found.has(one)) continue;
      found.add(one);
      // reversed, because the stack returns the last one first: the order is that of a recursion, depth first
      for (const dependency of dependenciesOf(one, this.database).reverse()) {
        if (dependency.source === owner.source) waiting.push(dependency);
      }
      if (!one.isEssential) continue;
      const siblings = this.database.builtFrom(one.source);
      for (const sibling of siblings) if (sibling.depends.includes(one.name) && !isForDevelopment(sibling)) waiting.push(sibling);
    }
    return [...found];
  }

  /** Whether a package is requested, or built from the same source package as a requested one. */
  public isSibling(other: Package): boolean {
    this.sources ??= new Set([...this].map(({ source }) => source));
    return this.sources.has(other.source);
  }

  /** Like `requires`, but false for essential packages, which every system has. */
  public needs(other: Package): boolean {
    return this.requires(other) && !other.isEssential;
  }

  /** Whether a package is requested, or requested packages depend on it, directly or not. */
  public requires(other: Package): boolean {
    this.required ??= this.closure(this.all.keys(), ({ depends }) => depends);
    return this.required.has(other);
  }

  /** Like `requires`, but ignores packages that are requested only because others recommend them. */
  public requiresStrongly(other: Package): boolean {
    this.requiredByStrong ??= this.closure(this.strong(), ({ depends }) => depends);
    return this.requiredByStrong.has(other);
  }

  /** Whether the data of a package is needed. In a tight layer, the data of direct dependencies is not needed. */
  public needsData(other: Package): boolean {
    const reason = this.all.get(other);
    return this.isTight ? reason !== undefined && reason !== 'recommended' : this.requiresDirectly(other);
  }

  /** Whether a package is requested for a program or as a module, or is a direct dependency of one that is requested for a program. */
  public requiresDirectly(other: Package): boolean {
    const withDependencies = (one: Package) => (this.all.get(one) === 'module' ? [one] : [one, ...dependenciesOf(one, this.database)]);
    this.direct ??= new Set(this.strong().flatMap(withDependencies));
    return this.direct.has(other);
  }

  /** The requested packages with everything that they depend on or recommend, directly or not. */
  public reachable(): ReadonlySet<Package> {
    this.reached ??= this.closure(this.all.keys(), (one) => [...one.depends, ...one.recommends]);
    return this.reached;
  }

  private strong(): Package[] {
    return [...this].filter((one) => this.all.get(one) !== 'recommended');
  }

  private closure(start: Iterable<Package>, next: (one: Package) => readonly string[]): ReadonlySet<Package> {
    const packages = new Set(start);
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

export function recommendedBy(owner: Package, database: PackageDatabase): Package[] {
  return owner.recommends.map((name) => database.get(name)).filter((one) => one !== undefined);
}

/** Whether two packages are the same or come from the same source package, or the first depends directly on the second. */
export function isRelated(owner: Package, other: Package): boolean {
  return other === owner || other.source === owner.source || owner.depends.includes(other.name);
}

export function recommends(owner: Package, other: Package): boolean {
  return owner.recommends.includes(other.name);
}

/** Packages of files that only compilers need, such as headers: `-dev` by Debian policy 8.4, `-devel` by convention elsewhere. */
export function isForDevelopment({ name }: Package): boolean {
  return /-dev(?:el)?$/.test(name);
}

/** Characters of a version at the end of a name. */
const VERSION = '0123456789.';

/**
 * Whether the unit of a path (see `unitOf`) is named after a package. The unit's last component may end with a version. The package's
 * name may end with a version, or with a suffix that begins with `-`. So /usr/share/perl5 is named after perl-base, and /usr/lib/python3
 * after python3.11.
 */
export function isNamedAfter(real: string, owner: Package): boolean {
  const whole = path.posix.basename(unitOf(real));
  const names = [whole, withoutTrailing(whole, VERSION)];
  return names.some((name) => owner.name.startsWith(`${name}-`) || owner.name === name || withoutTrailing(owner.name, VERSION) === name);
}
