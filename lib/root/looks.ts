/**
 * The record of all looks at the files of a root, including looks at files that do not exist. A result that depends on these looks is
 * valid as long as each of them would still see the same.
 *
 * An unchanged synth only compares looks, so this file imports little.
 */
import { contentStamp, hasContent, lstat, type Node } from './stamp';

/** Resolved path → stamp, or `''` if the path did not exist. It can be written as JSON. */
export type Looks = Readonly<Record<string, string>>;

/** The stamp of a path without its content. For a directory, it has only the permissions, so that it does not change with the entries. */
export function stampWithoutContent(node: Node): string {
  return node.type === 'directory' ? `d${(node.mode & 0o777).toString(8)}` : node.stamp;
}

function isWithoutContent(stamp: string): boolean {
  return stamp.startsWith('d') && !stamp.includes(':');
}

/**
 * True if every look would still see the same.
 *
 * @param directory the root's directory on this machine, absolute
 */
export function unchanged(directory: string, looks: Looks): boolean {
  const prefix = directory === '/' ? '' : directory;
  for (const real in looks) {
    const was = looks[real];
    if (stampLike(was, prefix + real) !== was) return false;
  }
  return true;
}

/** The present stamp of a file, with its content if `was` includes the content. */
function stampLike(was: string, file: string): string {
  const node = lstat(file);
  if (node === undefined) return '';
  if (isWithoutContent(was)) return stampWithoutContent(node);
  return hasContent(was) ? contentStamp(file, node) : node.stamp;
}
