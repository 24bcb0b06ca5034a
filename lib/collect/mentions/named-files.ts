/**
 * Files that a requested shell script names without their directory. The directory is named in shell code that the script sources. For
 * example, the script calls `find_jars commons-cli`, and the function `find_jars` searches `/usr/share/java`.
 *
 * A word is weak evidence, so it counts only if a requested package depends on the package of the file, directly or not.
 */
import * as path from 'path';
import { addOrDefer } from './path-mentions';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';
import { sourcedBy } from '../commands/sourced';
import { isOfSeveral, needOf } from '../relations/need';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Minimum number of characters of a word. */
const FEWEST_CHARACTERS = 3;
/** Maximum size of a script, in bytes. Larger scripts have data appended to them. */
const MOST_BYTES = 1024 * 1024;
const WORD = /[\w.+-]+/g;
const COMMENT = /(?:^|\s)#.*$/gm;

export function addNamedFiles({ real: file, program }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, requestedPrograms, packages } = context;
  const { kind, mentions } = root.content(file);
  if (kind !== 'text') return undefined;
  const script = sourcedBy(file, selection, root);
  if (script === undefined || !requestedPrograms.has(script) || root.content(script).size > MOST_BYTES) return undefined;
  const directories = new Set(mentions.flatMap(({ path: mentioned }) => root.real(mentioned) ?? [])
    .filter((real) => isOfSeveral(real, context) && !isStandardDirectory(real) && !isCommandDirectory(real)));
  if (directories.size === 0) return undefined;
  const text = root.scan(script, (bytes) => bytes.toString('latin1')).replace(COMMENT, '');
  const words = new Set([...text.matchAll(WORD)].map(([word]) => word).filter((word) => word.length >= FEWEST_CHARACTERS));
  const delta = selection.fork();
  for (const directory of directories) {
    for (const name of root.names(directory)) {
      if (!words.has(name) && !words.has(path.posix.parse(name).name)) continue;
      const named = path.posix.join(directory, name);
      const real = root.file(named);
      if (real === undefined || delta.files.has(real)) continue;
      const owner = ownersOf(named, context).find((one) => delta.requested.needs(one));
      if (owner === undefined) continue;
      const grounds = { rule: `of ${owner.name}, which ${path.posix.basename(script)} names`, need: needOf(owner, delta.requested), owner };
      delta.merge(addOrDefer(named, real, { real: script, program, owner: packages.ownerOf(script) }, grounds, delta, context));
    }
  }
  return delta;
}
