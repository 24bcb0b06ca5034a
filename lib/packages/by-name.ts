/**
 * A substitute for the package database, for roots without a readable one: files are assigned to packages by name.
 *
 * `/usr/bin/rig`, `/usr/share/rig/…`, `/usr/lib/rig/…`, `/etc/rig.conf` and `/usr/lib/librig.so.1` belong to the
 * package `rig`. Packages have no dependencies.
 */
import * as path from 'path';
import type { Package, PackageDatabase } from './package';
import type { Root } from '../root/root';
import { isStandardDirectory, unitOf } from '../root/standard';

/** Directories in which a program may have a directory or a file that is named after it. */
const PARENTS = ['/usr', '/usr/local']
  .flatMap((prefix) => ['share', 'lib', 'lib64', 'libexec'].map((name) => `${prefix}/${name}`))
  .concat('/etc', '/usr/local/etc', '/opt', '/lib', '/lib64', '/var/lib');

export class PackagesByName implements PackageDatabase {
  private readonly packages = new Map<string, Package>();
  private readonly fileLists = new Map<Package, readonly string[]>();

  constructor(private readonly root: Root) {}

  public ownerOf(real: string): Package | undefined {
    const unit = unitOf(real);
    const parent = path.posix.dirname(unit);
    // no package owns a standard directory, nor another directory directly below `/`, such as `/data`, with anything in it
    if (isStandardDirectory(unit) || parent === '/' || !isStandardDirectory(parent)) return undefined;
    return this.get(path.posix.basename(unit).replace(/^lib(.+)\.so(?:\..*)?$/, '$1').replace(/\.conf$/, ''));
  }

  public ownersOf(real: string): Iterable<Package> {
    const owner = this.ownerOf(real);
    return owner ? [owner] : [];
  }

  public get(name: string): Package {
    let known = this.packages.get(name);
    if (!known) {
      known = { name, source: name, version: '', architecture: '', depends: [], recommends: [] };
      this.packages.set(name, known);
    }
    return known;
  }

  public files(owner: Package): readonly string[] {
    let files = this.fileLists.get(owner);
    if (!files) {
      const parents = new Set(PARENTS.map((parent) => this.root.real(parent)).filter((parent) => parent !== undefined));
      files = [...parents].flatMap((parent) =>
        [owner.name, `${owner.name}.conf`].flatMap((name) => this.below(path.posix.join(parent, name))),
      );
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

  /** A path and everything below it, directories before their entries. Links are not followed. */
  private below(start: string): string[] {
    const known: string[] = [];
    const pending = [start];
    for (let real; (real = pending.pop()) !== undefined; ) {
      const status = this.root.status(real);
      if (!status) continue;
      known.push(real);
      if (status.type !== 'directory') continue;
      const names = this.root.names(real);
      for (let index = names.length - 1; index >= 0; index--) pending.push(path.posix.join(real, names[index]));
    }
    return known;
  }
}
