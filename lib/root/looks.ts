/**
 * Looks at the files of a root, those that found nothing included. As long as none of them would see anything else, an answer that
 * rests on them still holds.
 *
 * An unchanged synth does nothing but this, so it loads no more than this.
 */
import { contentStamp, hasContent, lstat, type Node } from './stamp';

/** Stamps by resolved path, in a form that can be kept and compared; `''` where nothing was. */
export type Looks = Readonly<Record<string, string>>;

/** The stamp of a look at a path, not at its content: directories on the way count by their permissions, not by their entries. */
export function briefly(node: Node): string {
  return node.type === 'directory' ? `d${(node.mode & 0o777).toString(8)}` : node.stamp;
}

function isBrief(stamp: string): boolean {
  return stamp.startsWith('d') && !stamp.includes(':');
}

/**
 * Whether every look would still see the same.
 *
 * @param directory the root's directory on this machine, absolute
 */
export function unchanged(directory: string, looks: Looks): boolean {
  const prefix = directory === '/' ? '' : directory;
  for (const real in looks) {
    const was = looks[real];
    const file = prefix + real;
    const node = lstat(file);
    const is = node === undefined ? '' : isBrief(was) ? briefly(node) : hasContent(was) ? contentStamp(file, node) : node.stamp;
    if (is !== was) return false;
  }
  return true;
}
