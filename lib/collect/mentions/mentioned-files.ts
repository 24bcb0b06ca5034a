/**
 * The files that a path mention refers to, besides the file at its path: the end of the path may be in code, and files may have the same
 * name with an extension added.
 */
import * as path from 'path';
import type { Context } from '../selection/context';

/** The paths that begin with the characters in an instruction, if the code nearby contains the next four characters. */
export function completions(head: string, code: Buffer, { root }: Context): string[] {
  const parent = path.posix.dirname(head);
  const found = root.names(root.real(parent) ?? parent).map((name) => path.posix.join(parent, name));
  const isNear = (rest: string) => rest === '' || code.includes(rest);
  return found.filter((candidate) => candidate.startsWith(head) && isNear(candidate.slice(head.length, head.length + 4)));
}

/** Files whose names begin with that of a mentioned file and a dot: `magic.mgc` beside `magic`. */
export function siblings(mentioned: string, { root }: Context): string[] {
  const parent = root.real(path.posix.dirname(mentioned));
  if (parent === undefined) return [];
  const prefix = `${path.posix.basename(mentioned)}.`;
  return root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
}
