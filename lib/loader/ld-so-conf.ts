/**
 * `/etc/ld.so.conf`: the directories that `ldconfig` searches, for a root without a cache.
 *
 * glibc elf/ldconfig.c, parse_conf: one directory per line, `#` comments, `include` with one or more globs relative to the
 * including file; `hwcap` lines are ignored.
 */
import * as path from 'path';
import { globMatcher, isPattern } from './glob';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';
import { withoutTrailing } from '../text/trailing';

/**
 * The directories, in order and without duplicates.
 *
 * @throws LimitError
 */
export function configuredDirectories(root: Root, file = '/etc/ld.so.conf'): string[] {
  return new Configuration(root).directories(file);
}

class Configuration {
  private readonly listed = new Set<string>();
  /** resolved paths of the files read so far. A file is read once, even if it includes itself; with such a file, ldconfig never ends */
  private readonly files = new Set<string>();
  private namesCompared = 0;

  constructor(private readonly root: Root) {}

  public directories(start: string): string[] {
    // a stack instead of recursion: files can include each other to any depth
    const open = [this.statements(start)];
    while (open.length > 0) {
      const next = open.at(-1)!.next();
      if (next.done) open.pop();
      else open.push(this.statements(next.value));
    }
    return [...this.listed];
  }

  /** Reads a file. At each `include`, yields the included files: the caller reads them before the rest. */
  private *statements(file: string): Generator<string> {
    const real = this.root.real(file);
    if (real === undefined || this.files.has(real) || !this.root.isFile(real)) return;
    this.files.add(real);
    checkLimit(LIMITS.loaderConfigurationFiles, this.files.size, real);
    for (const raw of this.root.read(real, LIMITS.loaderConfiguration).toString('latin1').split('\n')) {
      const line = raw.split('#', 1)[0].trim();
      const [word, ...patterns] = line.split(/\s+/);
      if (word === '' || (word === 'hwcap' && patterns.length > 0)) continue;
      if (word === 'include' && patterns.length > 0) {
        for (const pattern of patterns) yield* this.matches(path.posix.resolve(path.posix.dirname(file), pattern), real);
      } else {
        // in the old form `directory=libc6`, the type is ignored
        this.listed.add(withoutTrailing(line.split('=', 1)[0].trim(), '/') || '/');
        checkLimit(LIMITS.searchDirectories, this.listed.size, real);
      }
    }
  }

  /** The files that match a pattern, in glob(3)'s order. If several paths lead to one file, only the first counts. */
  private matches(pattern: string, includedBy: string): string[] {
    let paths = new Map([['/', '/']]);
    for (const component of pattern.split('/').filter(Boolean)) {
      const isMatch = isPattern(component) ? globMatcher(component) : undefined;
      const below = new Map<string, string>();
      for (const [directory, shown] of paths) {
        for (const name of isMatch ? this.root.names(directory) : [component]) {
          checkLimit(LIMITS.loaderConfigurationNames, ++this.namesCompared, includedBy);
          if (isMatch?.(name) === false) continue;
          const real = this.root.real(path.posix.join(directory, name));
          if (real !== undefined && !below.has(real)) below.set(real, path.posix.join(shown, name));
        }
      }
      paths = below;
    }
    return [...paths.values()];
  }
}
