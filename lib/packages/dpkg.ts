/**
 * Debian's package database: `/var/lib/dpkg/status` and the file lists in `/var/lib/dpkg/info` (dpkg(1)).
 */
import { alternativesIn, paragraphs } from './deb822';
import { conffilesIn, md5sumsIn } from './dpkg-checksums';
import { FileLists } from './file-lists';
import { type Checksum, isListed, mergedUsr, type Package, type PackageDatabase, valueOf } from './package';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';

const STATUS = '/var/lib/dpkg/status';
const INFO = '/var/lib/dpkg/info';

const FIELDS: ReadonlySet<string> = new Set([
  'package',
  'architecture',
  'status',
  'source',
  'multi-arch',
  'pre-depends',
  'depends',
  'recommends',
  'suggests',
  'provides',
  'version',
  'essential',
]);

/** @returns `undefined` if there is none */
export function dpkgDatabase(root: Root, architecture: string): PackageDatabase | undefined {
  const status = root.file(STATUS);
  const info = root.real(INFO);
  return status === undefined || info === undefined ? undefined : new Dpkg(root, status, info, architecture);
}

class Dpkg implements PackageDatabase {
  private readonly packages = new Map<string, DpkgPackage>();
  /** name of a file list → its installed package */
  private readonly byList = new Map<string, DpkgPackage>();
  private readonly sources = new Map<string, DpkgPackage[]>();
  /** resolved path → the packages that list it */
  private readonly owners = new Map<string, readonly Package[]>();
  /** names of file lists that were looked at */
  private readonly looked = new Set<string>();
  private readonly fileLists = new Map<Package, readonly string[]>();
  private readonly checksumsOf = new Map<Package, ReadonlyMap<string, Checksum>>();
  private readonly merged: (listed: string) => string;
  private fileListsOfAll?: FileLists;
  private conffiles?: ReadonlyMap<string, string>;

  constructor(private readonly root: Root, private readonly status: string, private readonly info: string, architecture: string) {
    this.merged = mergedUsr(root);
    const provided = new Map<string, Set<string>>();
    const installed = (one: string) => (this.packages.has(one) ? [one] : [...provided.get(one) ?? []]);
    // the first alternative that is installed counts
    const serves = (names: readonly string[]) => names.map(installed).find(({ length }) => length > 0) ?? [];
    const resolve = (relations: string) => [...new Set(alternativesIn(relations).flatMap(serves))];
    let count = 0;
    // these fields are ASCII (Debian Policy 5.6), and a string of one byte for each character is searched faster
    for (const fields of paragraphs(root.read(status, LIMITS.packageStatus).toString('latin1'), FIELDS)) {
      checkLimit(LIMITS.packages, ++count, status);
      const [name, built] = [fields.get('package'), fields.get('architecture')];
      if (!name || !isInstalled(fields.get('status'))) continue;
      if (built !== architecture && built !== 'all') continue;
      const source = fields.get('source')?.split(' ', 1)[0] ?? name;
      const list = fields.get('multi-arch') === 'same' ? `${name}:${built}` : name;
      const depends = [fields.get('pre-depends'), fields.get('depends')].filter(Boolean).join(', ');
      const [version, isEssential] = [fields.get('version') ?? '', fields.get('essential') === 'yes'];
      const relations = { depends, recommends: fields.get('recommends') ?? '', suggests: fields.get('suggests') ?? '' };
      const found = new DpkgPackage(name, source, version, built, isEssential, list, relations, resolve);
      this.packages.set(found.name, found);
      this.byList.set(`${list}.list`, found);
      valueOf(this.sources, source, () => []).push(found);
      for (const [one] of alternativesIn(fields.get('provides') ?? '')) valueOf(provided, one, () => new Set()).add(found.name);
    }
  }

  public get(name: string): Package | undefined {
    return this.packages.get(name);
  }

  public builtFrom(source: string): readonly Package[] {
    return this.sources.get(source) ?? [];
  }

  public files(owner: Package): readonly string[] {
    let files = this.fileLists.get(owner);
    if (!files) {
      const list = this.root.file(`${this.info}/${(owner as DpkgPackage).list}.list`);
      files =
        list === undefined ? [] : this.root.read(list, LIMITS.fileLists).toString('utf8').split('\n').filter(isListed).map(this.merged);
      this.fileLists.set(owner, files);
    }
    return files;
  }

  public checksums(owner: Package): ReadonlyMap<string, Checksum> {
    let checksums = this.checksumsOf.get(owner);
    if (!checksums) {
      const file = this.root.file(`${this.info}/${(owner as DpkgPackage).list}.md5sums`);
      const text = file === undefined ? '' : this.root.read(file).toString('utf8');
      const sums = md5sumsIn(text).map(([listed, md5]): [string, Checksum] => [this.merged(listed), `md5:${md5}`]);
      this.conffiles ??= conffilesIn(this.root.read(this.status, LIMITS.packageStatus).toString('utf8'));
      const conffiles = this.files(owner).flatMap((real): [string, Checksum][] =>
        this.conffiles!.has(real) ? [[real, `md5:${this.conffiles!.get(real)!}`]] : [],
      );
      checksums = new Map([...sums, ...conffiles]);
      this.checksumsOf.set(owner, checksums);
    }
    return checksums;
  }

  public lists(owner: Package, real: string): boolean {
    return this.ownersOf(real).includes(owner);
  }

  public isSole(real: string): boolean {
    return this.ownersOf(real).length <= 1;
  }

  public ownerOf(real: string): Package | undefined {
    return this.ownersOf(real)[0];
  }

  /** The installed packages that list a path, sorted by name. */
  public ownersOf(real: string): readonly Package[] {
    let owners = this.owners.get(real);
    if (!owners) {
      owners = this.search(real);
      this.owners.set(real, owners);
    }
    return owners;
  }

  public *withName(name: string): Generator<Package> {
    this.fileListsOfAll ??= FileLists.of(this.root, this.info);
    for (const list of this.fileListsOfAll.withEnd(`/${name}`)) {
      const owner = this.packageOf(list);
      if (owner) yield owner;
    }
  }

  private search(real: string): readonly Package[] {
    this.fileListsOfAll ??= FileLists.of(this.root, this.info);
    const short = real.slice('/usr'.length);
    const listed = real.startsWith('/usr/') && this.merged(short) === real ? [real, short] : [real];
    const found = new Set<Package>();
    for (const one of listed) {
      for (const list of this.fileListsOfAll.with(one)) {
        const owner = this.packageOf(list);
        if (owner) found.add(owner);
      }
    }
    return [...found];
  }

  /** The answer depends on the list: see `FileLists.of`. */
  private packageOf(list: string): DpkgPackage | undefined {
    if (!this.looked.has(list)) {
      this.root.file(`${this.info}/${list}`);
      this.looked.add(list);
    }
    return this.byList.get(list);
  }
}

class DpkgPackage implements Package {
  public readonly type = 'deb';
  private resolvedDepends?: readonly string[];
  private resolvedRecommends?: readonly string[];

  constructor(
    public readonly name: string,
    public readonly source: string,
    public readonly version: string,
    public readonly architecture: string,
    public readonly isEssential: boolean,
    /** the name of its file list without `.list` */
    public readonly list: string,
    /** fields of its paragraph */
    private readonly relations: { readonly depends: string; readonly recommends: string; readonly suggests: string },
    private readonly resolve: (relations: string) => readonly string[],
  ) {}

  public get depends(): readonly string[] {
    this.resolvedDepends ??= this.resolve(this.relations.depends);
    return this.resolvedDepends;
  }

  public get recommends(): readonly string[] {
    this.resolvedRecommends ??= this.resolve(this.relations.recommends);
    return this.resolvedRecommends;
  }

  public get suggests(): readonly string[] {
    return this.resolve(this.relations.suggests);
  }
}

/**
 * A status is `WANT ERROR STATE`. A package with pending triggers is unpacked and configured: apt leaves packages in such states
 * while it runs (deb-triggers(5)).
 */
function isInstalled(status: string | undefined): boolean {
  return status !== undefined && / (?:installed|triggers-awaited|triggers-pending)$/.test(status);
}
