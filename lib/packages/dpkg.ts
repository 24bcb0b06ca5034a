/**
 * Debian's package database: `/var/lib/dpkg/status` and the file lists in `/var/lib/dpkg/info` (dpkg(1)).
 */
import { conffilesOf, md5sumsIn } from './dpkg-checksums';
import { type DpkgPackage, type InstalledPackages, installedPackages } from './dpkg-status';
import { FileLists } from './file-lists';
import { type Checksum, isListed, mergedUsr, type Package, type PackageDatabase } from './package';
import { LIMITS } from '../limits';
import type { Root } from '../root/root';

const STATUS = '/var/lib/dpkg/status';
const INFO = '/var/lib/dpkg/info';

/** @returns `undefined` if there is none */
export function dpkgDatabase(root: Root, architecture: string): PackageDatabase | undefined {
  const status = root.file(STATUS);
  const info = root.real(INFO);
  return status === undefined || info === undefined ? undefined : new Dpkg(root, status, info, architecture);
}

class Dpkg implements PackageDatabase {
  /** resolved path → the packages that list it */
  private readonly owners = new Map<string, readonly Package[]>();
  /** names of file lists for which the root has recorded a look (see `Root`) */
  private readonly looked = new Set<string>();
  private readonly fileLists = new Map<Package, readonly string[]>();
  private readonly checksumsOf = new Map<Package, ReadonlyMap<string, Checksum>>();
  private readonly merged: (listed: string) => string;
  private knownInstalled?: InstalledPackages;
  private fileListsOfAll?: FileLists;

  constructor(
    private readonly root: Root, private readonly status: string, private readonly info: string, private readonly architecture: string,
  ) {
    this.merged = mergedUsr(root);
  }

  /** The status file is read when first needed: a program's libraries are found without it, and can be compressed while it is read. */
  private get installed(): InstalledPackages {
    this.knownInstalled ??= installedPackages(this.root, this.status, this.architecture);
    return this.knownInstalled;
  }

  public get(name: string): Package | undefined {
    return this.installed.byName.get(name);
  }

  public builtFrom(source: string): readonly Package[] {
    return this.installed.bySource.get(source) ?? [];
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
      const known = conffilesOf(this.root, this.status);
      const conffiles = this.files(owner).flatMap((real): [string, Checksum][] => (
        known.has(real) ? [[real, `md5:${known.get(real)!}`]] : []));
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

  /** The package of a file list. Records a look at the list, because the result depends on the list: see `FileLists.of`. */
  private packageOf(list: string): DpkgPackage | undefined {
    if (!this.looked.has(list)) {
      this.root.file(`${this.info}/${list}`);
      this.looked.add(list);
    }
    return this.installed.byList.get(list);
  }
}
