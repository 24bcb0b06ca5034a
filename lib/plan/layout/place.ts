/**
 * Where files of the source go in the layer.
 *
 * Files below system directories keep their paths. The user's own programs go to `app/`, with the name of their directory but without
 * its parents, so that neither the layer nor its hash reveals where a project is.
 */
import * as path from 'path';
import { type LayerPath, layerPath, type RootPath } from '../../root/paths';

const SYSTEM = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|etc|opt|var|srv)(?:\/|$)/;

/** Resolved paths of everything that needs a place. */
export interface Placed {
  /** groups of files that keep their places relative to each other: a program and its libraries */
  readonly together: readonly (readonly RootPath[])[];
  /** directories that keep their names in the layer */
  readonly directories: Iterable<RootPath>;
  /** other files and directories, in a fixed order. If one is the user's own and below no directory of `Places.bases`, a base is added */
  readonly others: Iterable<RootPath>;
}

export class Places {
  /** Directories of the source that become `/app`, `/app.2` and so on. Each of the user's own files is in one of them. */
  private readonly bases: string[] = [];

  /** @param project the working directory: everything below it is the user's own, even below a system directory */
  constructor({ together, directories, others }: Placed, private readonly project: string) {
    for (const group of together) this.addTogether(group.filter((real) => this.isOwn(real)));
    for (const directory of directories) {
      if (!this.has(directory) || this.isNameLost(directory)) this.addBase(path.posix.dirname(directory));
    }
    for (const real of others) if (!this.has(real)) this.bases.push(path.posix.dirname(path.posix.dirname(real)));
  }

  /** True if a path has a place. Directories above the user's own programs have none. */
  public has(real: RootPath): boolean {
    return !this.isOwn(real) || this.bases.some((base) => isWithin(real, base));
  }

  /**
   * The path below `/opt/elf/KEY`.
   *
   * @throws Error if the path has no place
   */
  public of(real: RootPath): LayerPath {
    if (!this.isOwn(real)) return layerPath(real); // a system path is the same in the layer
    const index = this.bases.findIndex((base) => isWithin(real, base));
    if (index < 0) throw new Error(`internal error: ${real} has no place in the layer, please report it`);
    return layerPath(path.posix.join(index === 0 ? '/app' : `/app.${index + 1}`, path.posix.relative(this.bases[index], real)));
  }

  /** True for a base named `node_modules`: bases lose their names in the layer, and Node.js searches for this name. */
  private isNameLost(directory: RootPath): boolean {
    return path.posix.basename(directory) === 'node_modules' && this.isOwn(directory) && this.bases.includes(directory);
  }

  private addTogether(files: readonly string[]): void {
    if (files.length === 0) return;
    this.addBase([path.posix.dirname(path.posix.dirname(files[0])), ...files.map((real) => path.posix.dirname(real))].reduce(common));
  }

  private addBase(base: string): void {
    const near = this.bases.findIndex((other) => isWithin(base, other) || isWithin(other, base));
    if (near < 0) this.bases.push(base);
    else this.bases[near] = common(this.bases[near], base);
  }

  /** True for the user's own files, which have other paths in the layer. */
  public isOwn(real: string): boolean {
    return (real !== '/' && !SYSTEM.test(real)) || (this.project !== '/' && real.startsWith(`${this.project}/`));
  }
}

function isWithin(real: string, base: string): boolean {
  return real === base || real.startsWith(base === '/' ? base : `${base}/`);
}

/** The deepest directory that contains both. */
function common(first: string, second: string): string {
  const [a, b] = [first.split('/'), second.split('/')];
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.slice(0, length).join('/') || '/';
}
