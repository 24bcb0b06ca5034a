/**
 * `/etc/ld.so.conf`: the directories that `ldconfig` would put into the cache, for a root that has none.
 *
 * glibc elf/ldconfig.c, parse_conf: a directory a line, `#` comments, `include` with several globs
 * relative to the file that it stands in; `hwcap` lines are ignored.
 */
import * as path from 'path';
import picomatch from 'picomatch';
import { Root } from '../root/root';

/** The directories, in order, each once. */
export function configuredDirectories(root: Root, file = '/etc/ld.so.conf'): string[] {
  const directories = new Set<string>();
  read(root, file, directories, new Set());
  return [...directories];
}

function read(root: Root, file: string, directories: Set<string>, open: Set<string>): void {
  const real = root.real(file);
  if (real === undefined || open.has(real) || !root.isFile(real)) return;
  open.add(real);
  for (const raw of root.read(real).toString('latin1').split('\n')) {
    const line = raw.replace(/#.*/, '').trim();
    const [word, ...patterns] = line.split(/\s+/);
    if (word === '' || (word === 'hwcap' && patterns.length > 0)) continue;
    if (word === 'include' && patterns.length > 0) {
      for (const pattern of patterns) {
        for (const included of matches(root, path.posix.resolve(path.posix.dirname(file), pattern))) read(root, included, directories, open);
      }
    } else {
      // an old form, `directory=libc6`, names a type that no longer matters
      const [directory] = line.split('=', 1);
      directories.add(directory.trim().replace(TRAILING_SLASHES, ''));
    }
  }
}

/** But for the first of `/`: looked for only where they begin, or each of many would be a start. */
const TRAILING_SLASHES = /(?<=[^/]|^\/)\/+$/;

/** What glob(3) takes for itself, and picomatch for a choice. */
const NOT_OF_GLOB = /[{}()|]/g;

/** The files that a shell pattern matches, sorted, as glob(3) gives them; of those that are one file, the first. */
function matches(root: Root, pattern: string): string[] {
  let found = new Map([['/', '/']]);
  for (const component of pattern.split('/').filter(Boolean)) {
    const matcher = picomatch(component.replace(NOT_OF_GLOB, '\\$&'), { nonegate: true, posix: true });
    const below = new Map<string, string>();
    for (const [directory, shown] of found) {
      for (const name of root.names(directory).filter((one) => matcher(one))) {
        const real = root.real(path.posix.join(directory, name));
        if (real !== undefined && !below.has(real)) below.set(real, path.posix.join(shown, name));
      }
    }
    found = below;
  }
  return [...found.values()];
}
