/**
 * Paths in scripts after a variable or a command substitution that gives their directory, such as `/rig.bin` in
 * `exec "$dir/rig.bin"` and in `"$(dirname "$0")/rig.bin"`.
 */
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';

/** Maximum size of a script, in bytes. Larger scripts have an archive appended to them. */
const MOST_BYTES = 1024 * 1024;
/** The path after a variable, which may be trimmed (`${0%/*}`), or after a command substitution. */
const AFTER_VARIABLE = /(?:\$\w+|\$\{[\w%/*]+\}|[)`])"?((?:\/[\w.+-]+)+)(?=["'`\s;)&|]|$)/gm;

/** @returns the paths, each of which begins with `/` */
export function pathsAfterVariables(script: RootPath, root: Root): string[] {
  if (root.content(script).size > MOST_BYTES) return [];
  const paths = root.scan(script, (bytes) => [...bytes.toString('latin1').matchAll(AFTER_VARIABLE)].map(([, suffix]) => suffix));
  return [...new Set(paths)];
}
