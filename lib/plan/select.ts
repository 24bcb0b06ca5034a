/**
 * What a user's `include` and `exclude` select: files, directories and globs, relative ones from the working directory.
 */
import * as path from 'path';
import picomatch from 'picomatch';
import { SelectionError } from '../collect/selection';
import { Root } from '../root/root';

/**
 * The paths that `include` names: each exists and can be read.
 *
 * @throws SelectionError
 */
export function included(root: Root, patterns: readonly string[], cwd: string): string[] {
  return patterns.flatMap((pattern) => {
    const wanted = path.posix.resolve(cwd, pattern);
    const found = root.real(wanted) === undefined ? globbed(root, wanted) : [wanted];
    if (found.length === 0) throw new SelectionError(`include '${pattern}' matches nothing: expected a file, a directory or a glob, relative ones from ${cwd}`);
    for (const one of found) {
      const real = root.real(one)!;
      if (!root.isReadable(real)) throw new SelectionError(`include '${pattern}': ${one} cannot be read by this user: change its permissions, or leave it out`);
    }
    return found;
  });
}

/** The patterns of `exclude`. */
export class Excluder {
  private readonly matchers: { readonly pattern: string; readonly matches: (real: string) => boolean }[];

  constructor(patterns: readonly string[], cwd: string) {
    this.matchers = patterns.map((pattern) => ({ pattern, matches: picomatch(path.posix.resolve(cwd, pattern), { dot: true }) }));
  }

  /** Whether a path, or a directory that it is in, matches a pattern. */
  public excludes(real: string): boolean {
    return this.patternFor(real) !== undefined;
  }

  /**
   * The patterns that had no effect.
   *
   * @param excluded paths that would have been packed without the patterns
   */
  public unused(excluded: Iterable<string>): string[] {
    const used = new Set([...excluded].map((real) => this.patternFor(real)));
    return this.matchers.map(({ pattern }) => pattern).filter((pattern) => !used.has(pattern));
  }

  private patternFor(real: string): string | undefined {
    for (let at = real; at !== '/' && this.matchers.length > 0; at = path.posix.dirname(at)) {
      const found = this.matchers.find(({ matches }) => matches(at));
      if (found) return found.pattern;
    }
    return undefined;
  }
}

function globbed(root: Root, pattern: string): string[] {
  const { base, isGlob } = picomatch.scan(pattern);
  const start = isGlob ? root.real(base) : undefined;
  if (start === undefined) return [];
  const matches = picomatch(pattern, { dot: true });
  const found: string[] = [];
  const walk = (directory: string, shown: string) => {
    for (const name of root.names(directory)) {
      const child = path.posix.join(directory, name);
      const shownChild = path.posix.join(shown, name);
      if (matches(shownChild)) found.push(child);
      else if (root.status(child)?.type === 'directory') walk(child, shownChild);
    }
  };
  walk(start, base);
  return found;
}
