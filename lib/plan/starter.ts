/**
 * Scripts that carry data: an archive behind their text (makeself, zipapp), or an archive with a signature over the whole file (PHAR).
 * They count bytes or lines of themselves, so no byte of them may change, the first line with their interpreter included.
 *
 * A small script of the layer's own starts such a script, with the arguments that the kernel would give to its interpreter: `$0` and
 * its like are the path of the untouched script. The starter needs the host's `/bin/sh`, which all runtimes of Lambda have.
 */
import * as path from 'path';
import { TextEntry } from './plan';
import { LayerPath } from '../root/paths';

/** The starter's place: beside the script. */
export function starterOf(script: LayerPath): LayerPath {
  return path.posix.join(path.posix.dirname(script), `.start-${path.posix.basename(script)}`);
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
