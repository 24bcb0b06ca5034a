/**
 * A package database that is read as a whole, with its relations resolved.
 */
import { type Checksum, isListed, mergedUsr, type Package, type PackageDatabase, valueOf } from './package';
import type { Root } from '../root/root';

/** A package as its database describes it. */
export interface Installed extends Pick<Package, 'name' | 'source' | 'version' | 'architecture'> {
  /** its dependencies: names of packages, names that packages provide, or paths of files */
  readonly requires: readonly string[];
  /** its recommendations, in the same form */
  readonly recommends: readonly string[];
  readonly provides: readonly string[];
  /** paths of its files and directories, as listed */
  readonly files: readonly string[];
  /** path, as listed → checksum of the file */
  readonly checksums: ReadonlyMap<string, Checksum>;
}

export class InstalledPackages implements PackageDatabase {
  private readonly packages = new Map<string, Package>();
  private readonly sources = new Map<string, Package[]>();
  private readonly fileLists = new Map<Package, readonly string[]>();
  private readonly sets = new Map<Package, ReadonlySet<string>>();
  /** resolved path → the first package that lists it */
  private readonly owners = new Map<string, Package>();
  private readonly shared = new Set<string>();
  private readonly sums = new Map<Package, ReadonlyMap<string, Checksum>>();

  constructor(root: Root, type: Package['type'], installed: readonly Installed[]) {
    const merged = mergedUsr(root);
    const provided = new Map<string, Set<string>>();
    const resolve = (own: string, wanted: string) => {
      if (this.packages.has(wanted)) return [wanted];
      const owner = wanted.startsWith('/') ? this.owners.get(merged(wanted)) : undefined;
      return [...provided.get(wanted) ?? (owner ? [owner.name] : [])].filter((name) => name !== own);
    };
    for (const one of installed) {
      const { name, source, provides, files, checksums } = one;
      const found = new ResolvedPackage(type, one, (wanted) => [...new Set(wanted.flatMap((relation) => resolve(name, relation)))]);
      this.packages.set(name, found);
      valueOf(this.sources, source, () => []).push(found);
      for (const other of provides) valueOf(provided, other, () => new Set()).add(name);
      const list = files.filter(isListed).map(merged);
      this.fileLists.set(found, list);
      this.sums.set(found, new Map([...checksums].map(([file, checksum]) => [merged(file), checksum])));
      for (const file of list) {
        if (this.owners.has(file)) this.shared.add(file);
        else this.owners.set(file, found);
      }
    }
  }

  public ownerOf(real: string): Package | undefined {
    return this.owners.get(real);
  }

  public ownersOf(real: string): Iterable<Package> {
    if (this.shared.has(real)) return [...this.packages.values()].filter((one) => this.lists(one, real));
    const owner = this.owners.get(real);
    return owner ? [owner] : [];
  }

  public get(name: string): Package | undefined {
    return this.packages.get(name);
  }

  public files(owner: Package): readonly string[] {
    return this.fileLists.get(owner) ?? [];
  }

  public checksums(owner: Package): ReadonlyMap<string, Checksum> {
    return this.sums.get(owner) ?? new Map();
  }

  public lists(owner: Package, real: string): boolean {
    let set = this.sets.get(owner);
    if (!set) {
      set = new Set(this.files(owner));
      this.sets.set(owner, set);
    }
    return set.has(real);
  }

  public isSole(real: string): boolean {
    return !this.shared.has(real);
  }

  public builtFrom(source: string): readonly Package[] {
    return this.sources.get(source) ?? [];
  }
}

/** A package whose dependencies are resolved when they are first used, because they may follow it in the database. */
class ResolvedPackage implements Package {
  public readonly name: string;
  public readonly source: string;
  public readonly version: string;
  public readonly architecture: string;
  private resolvedDepends?: readonly string[];
  private resolvedRecommends?: readonly string[];

  constructor(
    public readonly type: Package['type'],
    private readonly installed: Installed,
    private readonly resolve: (wanted: readonly string[]) => readonly string[],
  ) {
    ({ name: this.name, source: this.source, version: this.version, architecture: this.architecture } = installed);
  }

  public get depends(): readonly string[] {
    this.resolvedDepends ??= this.resolve(this.installed.requires);
    return this.resolvedDepends;
  }

  public get recommends(): readonly string[] {
    this.resolvedRecommends ??= this.resolve(this.installed.recommends);
    return this.resolvedRecommends;
  }
}
