/**
 * Shell code that a script sources, as in `. /usr/share/rig/functions.sh` and `source "$here/functions.sh"`. It counts as part of the
 * script, whichever package owns it.
 */
import * as path from 'path';
import { isShellScript } from './command-words';
import type { Root } from '../../root/root';
import { cacheByRoot } from '../selection/cache-by-root';
import type { CurrentSelection } from '../selection/selection';

/** Maximum size of a file with shell code, in bytes. */
const MOST_BYTES = 1024 * 1024;
/** The path in `. PATH` and `source PATH`, at the beginning of a command. */
const SOURCES = /(?:^|[;&|{(]|\b(?:then|do|else|if)\b)[ \t]*(?:\.|source)[ \t]+["']?([^\s"';&|)]+)/gm;

/**
 * The script that sources a packed file, directly or through other files that it sources.
 *
 * @returns its resolved path, `undefined` if there is none
 */
export function sourcedBy(file: string, { files }: Pick<CurrentSelection, 'files'>, root: Root): string | undefined {
  const seen = new Set<string>();
  for (let at = file; !seen.has(at); ) {
    seen.add(at);
    const by = files.get(at)?.through;
    if (root.content(at).kind !== 'text' || by === undefined) return undefined;
    if (!sourcesIn(by, root).some((word) => isFile(word, at, root))) return undefined;
    const { kind, head } = root.content(by);
    if (kind === 'script') return isShellScript(head) ? by : undefined;
    at = by;
  }
  return undefined;
}

/** A path that is not absolute, such as `$here/functions.sh`, is compared only by its last component. */
function isFile(word: string, file: string, root: Root): boolean {
  return word.startsWith('/') ? root.real(word) === file : path.posix.basename(word) === path.posix.basename(file);
}

/** The paths that a script sources. Cached, because thousands of files may have been found through one script. */
const sourced = cacheByRoot<readonly string[]>();

function sourcesIn(script: string, root: Root): readonly string[] {
  return sourced(root, script, () => {
    const { kind, size } = root.content(script);
    if ((kind !== 'script' && kind !== 'text') || size > MOST_BYTES) return [];
    return [...root.scan(script, (bytes) => bytes.toString('latin1')).matchAll(SOURCES)].map(([, word]) => word);
  });
}
