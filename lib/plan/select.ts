/**
 * The paths that `include` and `exclude` select: files, directories and globs. Relative ones start from the working directory.
 */
import * as path from 'path';
import { secretIn } from '../collect/kinds/secrets';
import { SelectionError } from '../collect/selection/selection';
import { pathGlob, startOfGlob } from '../root/path-glob';
import type { Root } from '../root/root';
import { printableName } from '../text/printable';

/**
 * Resolves the patterns of `include` to absolute paths: each exists and can be read.
 *
 * @param secrets receives files that are skipped because they may hold credentials and only a glob matches them: path → why
 * @throws SelectionError
 */
export function included(root: Root, patterns: readonly string[], cwd: string, secrets = new Map<string, string>()): string[] {
  return patterns.flatMap((pattern) => {
    const absolute = path.posix.resolve(cwd, pattern);
    const known = secrets.size;
    const matching = root.real(absolute) === undefined ? globbed(root, absolute, secrets) : [absolute];
    if (matching.length === 0 && secrets.size > known) {
      const files = [...secrets.keys()].slice(known).join(', ');
      const problem = `include '${pattern}' matches only files that may hold credentials (${files})`;
      throw new SelectionError(`${problem}: list them individually to pack them`);
    }
    if (matching.length === 0) {
      throw new SelectionError(`include '${pattern}' matches nothing: expected a file, a directory or a glob, relative ones from ${cwd}`);
    }
    for (const file of matching) {
      const real = root.real(file)!;
      if (root.isReadable(real)) continue;
      const problem = `include '${pattern}': ${printableName(file)} cannot be read by this user`;
      throw new SelectionError(`${problem}: change its permissions, or leave it out`);
    }
    return matching;
  });
}

/** The patterns of `exclude`. */
export class Excluder {
  private readonly matchers: { readonly pattern: string; readonly matches: (real: string) => boolean }[];

  constructor(patterns: readonly string[], cwd: string) {
    this.matchers = patterns.map((pattern) => ({ pattern, matches: pathGlob(path.posix.resolve(cwd, pattern)) }));
  }

  /** True if a path, or a directory above it, matches a pattern. */
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
      const matcher = this.matchers.find(({ matches }) => matches(at));
      if (matcher) return matcher.pattern;
    }
    return undefined;
  }
}

function globbed(root: Root, pattern: string, secrets: Map<string, string>): string[] {
  const base = startOfGlob(pattern);
  const start = base === undefined ? undefined : root.real(base);
  if (base === undefined || start === undefined) return [];
  const matches = pathGlob(pattern);
  const matching: string[] = [];
  const walk = (directory: string, shown: string) => {
    for (const name of root.names(directory)) {
      const child = path.posix.join(directory, name);
      const shownChild = path.posix.join(shown, name);
      const secret = secretIn(root, child);
      if (secret !== undefined && matches(shownChild)) secrets.set(child, secret);
      else if (secret !== undefined) continue;
      else if (matches(shownChild)) matching.push(child);
      else if (root.status(child)?.type === 'directory') walk(child, shownChild);
    }
  };
  walk(start, base);
  return matching;
}
