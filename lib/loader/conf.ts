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
      directories.add(line.replace(/=.*/, '').trim().replace(/(?<=.)\/+$/, ''));
    }
  }
}

/** The files that a shell pattern matches, sorted, as glob(3) gives them. */
function matches(root: Root, pattern: string): string[] {
  let found = ['/'];
  for (const component of pattern.split('/').filter(Boolean)) {
    const matcher = picomatch(component);
    found = found.flatMap((directory) => {
      const real = root.real(directory);
      const names = real === undefined ? [] : root.names(real).filter((name) => matcher(name));
      return names.map((name) => path.posix.join(directory, name));
    });
  }
  return found;
}
