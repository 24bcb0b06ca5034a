/**
 * The files of a package by their use: data that a program opens at run time, and files that only a compiler reads.
 */
import * as path from 'path';
import { HEADERS, isNonRuntime, isForCompiling, isForLinking, isOfItsProgram, isOwnHeader } from './non-runtime';
import type { Package, PackageDatabase } from '../../packages/package';
import type { Root } from '../../root/root';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';

export class PackageFiles {
  private readonly lists = new Map<Package, readonly string[]>();
  private readonly directories = new Map<Package, ReadonlySet<string>>();
  private readonly inCommandDirectories = new Map<Package, readonly string[]>();
  private readonly byName = new Map<Package, ReadonlyMap<string, string>>();

  constructor(private readonly database: PackageDatabase, private readonly root: Root) {}

  /**
   * Files and links of a package, except for documentation, commands, and libraries in standard directories. Commands and libraries are
   * packed only if something needs them.
   */
  public data(owner: Package): readonly string[] {
    let data = this.lists.get(owner);
    if (!data) {
      data = this.database.files(owner).filter((real) => this.isData(real, owner));
      this.lists.set(owner, data);
    }
    return data;
  }

  /** Directories that hold data of a package, except for standard directories. Files of other packages in them are add-ons. */
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

  /** Shared libraries of a package, links to them included: name → path. If several have the same name, the first counts. */
  public libraries(owner: Package): ReadonlyMap<string, string> {
    let libraries = this.byName.get(owner);
    if (!libraries) {
      const found = new Map<string, string>();
      for (const file of this.database.files(owner)) {
        const name = path.posix.basename(file);
        if (/\.so(?:\.|$)/.test(name) && !found.has(name) && this.root.isFile(file)) found.set(name, file);
      }
      libraries = found;
      this.byName.set(owner, libraries);
    }
    return libraries;
  }

  /** Files and links of a package in directories of commands. */
  public commands(owner: Package): readonly string[] {
    let commands = this.inCommandDirectories.get(owner);
    if (!commands) {
      commands = this.database.files(owner).filter((file) => isCommandDirectory(path.posix.dirname(file)));
      this.inCommandDirectories.set(owner, commands);
    }
    return commands;
  }

  /** Files of a package that compilers and linkers read. */
  public forCompiling(owner: Package): readonly string[] {
    const files = this.database.files(owner);
    if (!files.some((real) => real.startsWith(`${HEADERS}/`) || isForLinking(real))) return [];
    return files.filter((real) => isForCompiling(real) && this.isFileOrLink(real));
  }

  /** Headers of a package outside of the directory for headers. */
  public headers(owner: Package): readonly string[] {
    return this.database.files(owner).filter((real) => isOwnHeader(real) && this.isFileOrLink(real));
  }

  private isData(real: string, owner: Package): boolean {
    const parent = path.posix.dirname(real);
    if ((isNonRuntime(real) && !isOfItsProgram(real, owner.name)) || isCommandDirectory(parent)) return false;
    if (isStandardDirectory(parent) && parent.includes('/lib') && /\.so(\.|$)/.test(real)) return false;
    return this.isFileOrLink(real);
  }

  private isFileOrLink(real: string): boolean {
    return (this.root.status(real)?.type ?? 'directory') !== 'directory';
  }
}
