/**
 * Starts scripts that carry data: an archive after their text (makeself, zipapp), or a signature of the whole file (PHAR). They
 * count their own bytes or lines, so no byte of them may change, not even in the first line with their interpreter.
 *
 * A small generated script, the starter, runs the interpreter with the arguments that the kernel would give it, so `$0` is the path
 * of the unchanged script. The starter needs `/bin/sh` of the host, which all Lambda runtimes have.
 */
import * as path from 'path';
import type { TextEntry } from './plan';
import { type LayerPath, layerPath } from '../root/paths';

const PREFIX = '.start-';

/** The starter's place: next to the script. */
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
