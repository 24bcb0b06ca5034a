/**
 * What stands in for a package database in a root that has none that can be read: files belong together by their names.
 *
 * `/usr/bin/rig`, `/usr/share/rig/…`, `/usr/lib/rig/…`, `/etc/rig.conf` are of the package `rig`, and so is
 * `/usr/lib/librig.so.1`. Nothing depends on anything.
 */
import * as path from 'path';
import type { Package, PackageDatabase } from './package';
import type { Root } from '../root/root';
import { isStandardDirectory, unitOf } from '../root/standard';

/** Where the directories are that have a program's name. */
const PARENTS = ['/usr', '/usr/local'].flatMap((prefix) => ['share', 'lib', 'lib64', 'libexec'].map((name) => `${prefix}/${name}`)).concat('/etc', '/usr/local/etc', '/opt', '/lib', '/lib64', '/var/lib');

export class PackagesByName implements PackageDatabase {
  private readonly packages = new Map<string, Package>();
  private readonly fileLists = new Map<Package, readonly string[]>();

  constructor(private readonly root: Root) {}

  public ownerOf(real: string): Package | undefined {
    const unit = unitOf(real);
    const parent = path.posix.dirname(unit);
    // below `/` is what is neither a system's nor a package's
    if (isStandardDirectory(unit) || parent === '/' || !isStandardDirectory(parent)) return undefined;
    return this.get(path.posix.basename(unit).replace(/^lib(.+)\.so(?:\..*)?$/, '$1').replace(/\.conf$/, ''));
  }

  public ownersOf(real: string): Iterable<Package> {
    const owner = this.ownerOf(real);
    return owner ? [owner] : [];
  }

  public get(name: string): Package {
    let found = this.packages.get(name);
    if (!found) {
      found = { name, source: name, version: '', architecture: '', depends: [], recommends: [] };
      this.packages.set(name, found);
    }
    return found;
  }

  public files(owner: Package): readonly string[] {
    let files = this.fileLists.get(owner);
    if (!files) {
      const parents = new Set(PARENTS.map((parent) => this.root.real(parent)).filter((parent) => parent !== undefined));
      files = [...parents].flatMap((parent) => [owner.name, `${owner.name}.conf`].flatMap((name) => this.below(path.posix.join(parent, name))));
      this.fileLists.set(owner, files);
    }
    return files;
  }

  public lists(owner: Package, real: string): boolean {
    return this.ownerOf(real) === owner;
  }

  public isSole(): boolean {
    return true;
  }

  public checksums(): ReadonlyMap<string, never> {
    return new Map<string, never>();
  }

  public builtFrom(source: string): readonly Package[] {
    return [this.get(source)];
  }

  /** A path and everything below it, each directory before its entries; links are not followed. */
  private below(start: string): string[] {
    const found: string[] = [];
    const pending = [start];
    for (let real; (real = pending.pop()) !== undefined; ) {
      const status = this.root.status(real);
      if (!status) continue;
      found.push(real);
      if (status.type !== 'directory') continue;
      const names = this.root.names(real);
      for (let index = names.length - 1; index >= 0; index--) pending.push(path.posix.join(real, names[index]));
    }
    return found;
  }
}
