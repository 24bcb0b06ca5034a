/**
 * Where a file of the source goes in the layer.
 *
 * What lies below a system directory keeps its path. A program of the user's own goes to `app/`, with its
 * directory's name and nothing above it, so that neither the layer nor its hash tells where a project lies.
 */
import * as path from 'path';
import { LayerPath, RootPath } from '../root/paths';

const SYSTEM = /^\/(?:usr|bin|sbin|lib|lib32|lib64|libx32|etc|opt|var|srv)(?:\/|$)/;

export class Places {
  private readonly bases: string[] = [];

  /**
   * @param together resolved paths whose places relative to each other must stay: a program and its libraries
   * @param directories that were asked for: each keeps its name
   * @param project the working directory: what lies below it is the user's own, wherever it is
   */
  constructor(together: readonly (readonly string[])[], directories: Iterable<string>, private readonly project: string) {
    for (const group of together) this.add(group.filter((real) => this.isOwn(real)));
    for (const directory of directories) if (!this.has(directory)) this.open(path.posix.dirname(directory));
  }

  /** Whether it has a place: what lies above the user's own has none. */
  public has(real: string): boolean {
    return !this.isOwn(real) || this.bases.some((base) => isWithin(real, base));
  }

  /** The path below `/opt/elf/KEY` of a resolved path. */
  public of(real: RootPath): LayerPath {
    if (!this.isOwn(real)) return real as string; // a system path stays as it is
    let index = this.bases.findIndex((base) => isWithin(real, base));
    if (index < 0) index = this.bases.push(path.posix.dirname(path.posix.dirname(real))) - 1;
    return path.posix.join(index === 0 ? '/app' : `/app.${index + 1}`, path.posix.relative(this.bases[index], real));
  }

  private add(own: readonly string[]): void {
    if (own.length === 0) return;
    this.open([path.posix.dirname(path.posix.dirname(own[0])), ...own.map((real) => path.posix.dirname(real))].reduce(common));
  }

  private open(base: string): void {
    const near = this.bases.findIndex((other) => isWithin(base, other) || isWithin(other, base));
    if (near < 0) this.bases.push(base);
    else this.bases[near] = common(this.bases[near], base);
  }

  private isOwn(real: string): boolean {
    return (real !== '/' && !SYSTEM.test(real)) || (this.project !== '/' && real.startsWith(`${this.project}/`));
  }
}

function isWithin(real: string, base: string): boolean {
  return real === base || real.startsWith(base === '/' ? base : `${base}/`);
}

/** The deepest directory that holds both. */
function common(one: string, other: string): string {
  const [a, b] = [one.split('/'), other.split('/')];
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return a.slice(0, length).join('/') || '/';
}
