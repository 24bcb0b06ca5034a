/**
 * The files that a path mention refers to, besides the file at its path: the mention may be only the beginning of a path whose end is in
 * machine instructions, and other files may have the same name with an extension added.
 */
import * as path from 'path';
import type { PathMention } from '../../root/mentions';
import type { Context } from '../selection/context';

/** The paths that a mention stands for. There may be several, because the end of the path may be in machine instructions. */
export function pathsOf(mention: PathMention, context: Context): string[] {
  if (mention.kind === 'instruction') return completions(mention.path, mention.code, context);
  const isPart = mention.kind === 'whole' && mention.head !== undefined && context.root.real(mention.path) === undefined;
  return isPart ? [mention.path, ...onlyCompletion(mention.head, context)] : [mention.path];
}

/** The existing paths that begin with the characters in an instruction, if the code nearby contains the path's next four characters. */
function completions(head: string, code: Buffer, { root }: Context): string[] {
  const parent = path.posix.dirname(head);
  const found = root.names(root.real(parent) ?? parent).map((name) => path.posix.join(parent, name));
  const isNear = (rest: string) => rest === '' || code.includes(rest);
  return found.filter((candidate) => candidate.startsWith(head) && isNear(candidate.slice(head.length, head.length + 4)));
}

/**
 * The only existing path that begins with `head`, if there is exactly one. Code loads `head` from constants in pieces of 16 bytes, and
 * writes the rest of the path by other instructions. After `head`, the constants continue with another string. For example,
 * `/usr/lib/x86_64-linux-gnu/babl-0` stands for `babl-0.1`.
 */
function onlyCompletion(head: string, { root }: Context): string[] {
  const parent = path.posix.dirname(`${head}.`);
  const start = head.slice(head.lastIndexOf('/') + 1);
  const found = root.names(root.real(parent) ?? parent).filter((name) => name.startsWith(start));
  return found.length === 1 && found[0] !== start ? [path.posix.join(parent, found[0])] : [];
}

/** True if a mention ends with a separator within a name: `"/usr/share/aclocal-" . $VERSION`. The file adds the rest at run time. */
export function isBeginningOfName(mentioned: string): boolean {
  return /[\w+.][_-]$/.test(mentioned);
}

/**
 * Files whose names begin with the name of a mentioned file and a dot, such as `magic.mgc` beside `magic`. If the mention is only the
 * beginning of a name, all files whose names begin with it.
 */
export function siblings(mentioned: string, { root }: Context): string[] {
  const parent = root.real(path.posix.dirname(mentioned));
  if (parent === undefined) return [];
  const name = path.posix.basename(mentioned);
  const prefix = isBeginningOfName(name) ? name : `${name}.`;
  return root.names(parent).filter((other) => other.startsWith(prefix)).map((other) => path.posix.join(parent, other));
}
