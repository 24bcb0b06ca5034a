/**
 * What goes with what, as the package database says it.
 */
import * as path from 'path';
import { HEADERS, isAside, isForCompiling, isForLinking } from './non-runtime';
import { Package, PackageDatabase } from '../packages/package';
import { Root } from '../root/root';
import { isCommandDirectory, isStandardDirectory, unitOf } from '../root/standard';
import { withoutTrailing } from '../text/trailing';

/** Bytes of data that a package may have to join as an add-on; `own`: not even what one's own packages need joins for where it lies. */
export type AddOnLimit = number | 'own';

export class Belonging {
  /** the packages of the programs that were asked for, and what of their source packages they depend on */
  public readonly own = new Set<Package>();
  private reached?: { readonly of: number; readonly packages: ReadonlySet<Package> };
  private needed?: { readonly of: number; readonly packages: ReadonlySet<Package> };
  private readonly sizes = new Map<Package, number>();
  private readonly directories = new Map<Package, ReadonlySet<string>>();

  /** packages of programs that were asked for as they are: what is installed on top of them joins */
  public readonly hosts = new Set<Package>();

  /** bytes of data of the largest package that may join as an add-on */
  public largestAddOn = 0;

  constructor(private readonly packages: PackageDatabase, private readonly root: Root, private readonly limit: AddOnLimit = Infinity) {}

  /**
   * Makes a package one's own.
   *
   * @returns the packages that are newly so: those of the same source package that it depends on as well
   */
  public adopt(owner: Package): Package[] {
    if (this.own.has(owner)) return [];
    this.own.add(owner);
    return [owner, ...this.dependencies(owner).filter(({ source }) => source === owner.source).flatMap((dependency) => this.adopt(dependency))];
  }

  /** Of a package's files those that a program may open: no documentation, and no commands or libraries, which come in when something needs them. */
  public data(owner: Package): string[] {
    return this.packages.files(owner).filter((real) => {
      const parent = path.posix.dirname(real);
      if (isAside(real) || isCommandDirectory(parent)) return false;
      if (isStandardDirectory(parent) && parent.includes('/lib') && /\.so(\.|$)/.test(real)) return false;
      const type = this.root.status(real)?.type;
      return type !== undefined && type !== 'directory';
    });
  }

  /**
   * The directories that are a package's own: it put files into them, and they are not everybody's. What
   * others have put there are its add-ons (a dictionary, a language, an extension).
   */
  public directoriesOf(owner: Package): ReadonlySet<string> {
    let directories = this.directories.get(owner);
    if (!directories) {
      const found = new Set<string>();
      for (const real of this.data(owner)) {
        for (let at = path.posix.dirname(real); !isStandardDirectory(at) && !found.has(at); at = path.posix.dirname(at)) found.add(at);
      }
      directories = found;
      this.directories.set(owner, directories);
    }
    return directories;
  }

  /**
   * Whether a path that was found in a directory of `owner` belongs to an add-on of it, or was made there by an installation.
   */
  public isAddOn(real: string, owner: Package): boolean {
    const other = this.packages.ownerOf(real);
    if (other === undefined) {
      const target = this.root.real(real);
      return this.isMade(real) && (target === undefined || target === real || this.isAddOn(target, owner));
    }
    if (this.own.has(other)) return true;
    if (this.limit === 'own') return false;
    const ones = [owner, ...this.packages.builtFrom(owner.source), ...this.own];
    if (ones.some((one) => this.related(one, other) || recommends(one, other))) return true;
    return this.isWelcome(other, owner) && ones.some((one) => this.related(other, one) || recommends(other, one));
  }

  /** Whether what was installed on top of a package may join, though nothing needs it. */
  private isWelcome(other: Package, owner: Package): boolean {
    if (!this.hosts.has(owner) || this.limit === 'own') return false;
    const bytes = this.bytesOf(other);
    if (bytes > this.limit) return false;
    this.largestAddOn = Math.max(this.largestAddOn, bytes);
    return true;
  }

  private bytesOf(owner: Package): number {
    let bytes = this.sizes.get(owner);
    if (bytes === undefined) {
      bytes = this.data(owner).reduce((sum, real) => sum + this.root.status(real)!.size, 0);
      this.sizes.set(owner, bytes);
    }
    return bytes;
  }

  /**
   * Whether what a file mentions goes with that file: it belongs to the same package or source package, to one that
   * the package depends on, or it is an add-on in a directory of one of these.
   *
   * @param owner the package of the file that mentions it
   */
  public goesWith(candidate: string, real: string, owner: Package | undefined): boolean {
    const other = this.packages.ownerOf(candidate) ?? this.packages.ownerOf(real);
    if (this.root.status(real)?.type === 'file' && isCommandDirectory(path.posix.dirname(real))) return other !== undefined && (this.own.has(other) || this.needs(other));
    // what nobody has installed may be anybody's, as the user's own
    if (other === undefined) return /^\/(?:usr(?!\/local\/)|etc|var)\//.test(real);
    if (owner === undefined) return true;
    if (this.related(owner, other) || this.sharesDirectory(real, owner)) return true;
    if (this.own.has(owner)) {
      if (this.isNamesake(real) && (this.own.has(other) || this.isWelcome(other, owner) || this.isShared(real))) return true;
      if ([...this.own].some((one) => this.related(one, other) || recommends(one, other))) return true;
      // what one's own package names file by file may be further away, and what it names as a whole may be an add-on
      const type = this.root.status(real)?.type;
      if (type === 'file' ? this.reachable().has(other) : this.isAddOnOf(other, owner) && this.packages.isSole(real) && this.isWelcome(other, owner)) return true;
    }
    const parent = path.posix.dirname(real);
    return [owner, ...this.packages.builtFrom(owner.source)].some((one) => this.directoriesOf(one).has(parent) && this.isAddOn(real, one));
  }

  /** Of a directory that several packages list, each decides for what it put there. */
  private isShared(real: string): boolean {
    return this.root.status(real)?.type === 'directory' && !this.packages.isSole(real);
  }

  /** Whether a path lies where one's own packages have their name: modules of others for an interpreter are in `/usr/share/lua`, say. */
  private isNamesake(real: string): boolean {
    const name = path.posix.basename(unitOf(real));
    return [...this.own].some((one) => one.name.startsWith(`${name}-`) || one.name === name || withoutTrailing(one.name, '0123456789.') === name);
  }

  /** An installation makes files and links in the directories of packages; a directory of nobody's is somebody else's, but for Python's. */
  private isMade(real: string): boolean {
    return this.root.status(real)?.type !== 'directory' || path.posix.basename(real) === '__pycache__';
  }

  private isAddOnOf(other: Package, owner: Package): boolean {
    return this.packages.builtFrom(owner.source).some((one) => this.related(other, one));
  }

  /** Whether a package is one's own, or built from the same source as one. */
  public isFamily(other: Package): boolean {
    return this.own.has(other) || [...this.own].some(({ source }) => source === other.source);
  }

  /** What of the packages that are usually installed with one's own a compiler and a linker read. */
  public development(): { readonly owner: Package; readonly files: readonly string[] }[] {
    return [...this.reachable()].flatMap((owner) => {
      const files = this.packages.files(owner);
      if (!files.some((real) => real.startsWith(`${HEADERS}/`) || isForLinking(real))) return [];
      return [{ owner, files: files.filter((real) => isForCompiling(real) && (this.root.status(real)?.type ?? 'directory') !== 'directory') }];
    });
  }

  /** Everything that is usually installed with one's own packages. */
  private reachable(): ReadonlySet<Package> {
    if (this.reached?.of !== this.own.size) {
      this.reached = { of: this.own.size, packages: this.from((one) => [...one.depends, ...one.recommends]) };
    }
    return this.reached.packages;
  }

  /** Whether one's own packages cannot do without another, which not every system has. */
  public needs(other: Package): boolean {
    if (this.needed?.of !== this.own.size) this.needed = { of: this.own.size, packages: this.from(({ depends }) => depends) };
    return this.needed.packages.has(other) && !other.isEssential;
  }

  /** One's own packages, and what these lead to, however far away. */
  private from(next: (one: Package) => readonly string[]): ReadonlySet<Package> {
    const packages = new Set(this.own);
    for (const one of packages) {
      for (const name of next(one)) {
        const found = this.packages.get(name);
        if (found) packages.add(found);
      }
    }
    return packages;
  }

  /** Whether nothing but a recommendation of one's own packages brings a path in: a program does without what it only recommends. */
  public isOnlyRecommended(real: string): boolean {
    const other = this.packages.ownerOf(real);
    if (other === undefined || [...this.own].some((one) => this.related(one, other) || this.isAddOnOf(other, one))) return false;
    return [...this.own].some((one) => recommends(one, other));
  }

  public dependencies(owner: Package): Package[] {
    return owner.depends.map((name) => this.packages.get(name)).filter((dependency) => dependency !== undefined);
  }

  private related(owner: Package, other: Package): boolean {
    return other === owner || other.source === owner.source || owner.depends.includes(other.name);
  }

  /** Several packages list a directory that they share. */
  private sharesDirectory(real: string, owner: Package): boolean {
    return this.root.status(real)?.type === 'directory' && [owner, ...this.dependencies(owner)].some((one) => this.packages.lists(one, real));
  }
}

function recommends(owner: Package, other: Package): boolean {
  return owner.recommends.includes(other.name);
}
