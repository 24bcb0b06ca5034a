/**
 * Starts some programs by their own paths, instead of by the link in `/opt/bin`:
 * - Scripts that carry data: an archive after their text (makeself, zipapp), or a signature of the whole file (PHAR). They count their
 *   own bytes or lines, so no byte of them may change, not even in the first line, which names their interpreter.
 * - Java archives, which only a Java runtime starts.
 * - Scripts that find files relative to their own directory, such as `"$(dirname "$0")/../lib/rig"`, and do not resolve links first.
 *
 * A small generated script, the starter, runs the interpreter with the arguments that the kernel would give it, so `$0` is the path
 * of the script. The starter needs `/bin/sh` of the host, which all Lambda runtimes have.
 */
import * as path from 'path';
import type { Program } from '../../closure/find';
import { cacheByRoot } from '../../collect/selection/cache-by-root';
import { type LayerPath, layerPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { TextEntry } from '../layout/plan';

const PREFIX = '.start-';

/** Expressions for the path by which a script was started. None for Node.js and PHP, which resolve links themselves. */
const OWN_DIRECTORY = new RegExp([
  /\bdirname\b[^\n;|]{0,40}\$\{?0\b/, /\$\{0%/, /\bBASH_SOURCE\b/, // shells
  /\b__file__\b/, /\bargv\[0\]/, // Python
  /\bFindBin\b/, // Perl
  /\b__FILE__\b/, // Perl, Ruby
  /\barg\[0\]/, // Lua
  /--file=/, // R
  /\binfo script\b/, // Tcl
].map(({ source }) => source).join('|'));
/** Maximum size, in bytes, of a script that is searched for these expressions. Larger scripts are assumed to consist mostly of data. */
const MOST_BYTES = 1024 * 1024;

/** Cached, because the plan asks several times for each program. */
const findingOwnDirectory = cacheByRoot<boolean>();

/** True for a Java archive, and for a script that carries data or finds files by its own path without resolving links. */
export function needsStarter({ path: link, real, interpreter }: Program, root: Root): boolean {
  const { carriesData, kind, size } = root.content(real);
  if (interpreter === undefined || carriesData) return carriesData;
  if (kind !== 'script') return true;
  // no starter for a script whose command is a link of another name: the script may depend on that name. And because the link starts
  // it in the source, too, a script that finds files by its own path must resolve links itself
  if (size > MOST_BYTES || path.posix.basename(link) !== path.posix.basename(real)) return false;
  return findingOwnDirectory(root, real, () => root.scan(real, (bytes) => OWN_DIRECTORY.test(bytes.toString('latin1'))));
}

/** The path of a script's starter, in the same directory. */
export function starterOf(script: LayerPath): LayerPath {
  return layerPath(path.posix.join(path.posix.dirname(script), `${PREFIX}${path.posix.basename(script)}`));
}

/** The file that a starter starts; `undefined` for another file. */
export function startedBy(file: string): LayerPath | undefined {
  const { dir, base } = path.posix.parse(file);
  return base.startsWith(PREFIX) ? layerPath(path.posix.join(dir, base.slice(PREFIX.length))) : undefined;
}

/**
 * @param interpreter its path in the function, with `KEY`
 * @param argument the rest of the script's first line, which the kernel gives as one argument
 * @param script its path in the function, with `KEY`
 */
export function starter(place: LayerPath, interpreter: string, argument: string | undefined, script: string): TextEntry {
  const words = [interpreter, ...(argument ? [argument] : []), script].map(quoted);
  return { kind: 'text', path: starterOf(place), text: `#!/bin/sh\nexec ${words.join(' ')} "$@"\n`, mode: 0o755 };
}

function quoted(word: string): string {
  return /^[\w./{}-]+$/.test(word) ? word : `'${word.replaceAll('\'', '\'\\\'\'')}'`;
}
