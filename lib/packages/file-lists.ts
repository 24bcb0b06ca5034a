/**
 * dpkg's file lists, `/var/lib/dpkg/info/*.list`, as one text: they are megabytes, of which a layer needs a few lines.
 */
import * as path from 'path';
import { LineIndex } from './line-index';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';

const LIST = '.list';
/** Between lists: one may end without it. */
const LINE_FEED = 0x0a;
/** Bytes of lists that memory is allocated for at first. */
const FIRST_SIZE = 8 * 1024 * 1024;

export class FileLists {
  private readonly bytes: Buffer;
  private readonly index: LineIndex;

  private constructor(private readonly names: readonly string[], read: (name: string) => Buffer, info: string) {
    let all = Buffer.allocUnsafeSlow(FIRST_SIZE);
    let length = 0;
    for (const name of names) {
      const list = read(name);
      checkLimit(LIMITS.fileLists, length + list.length + 1, info);
      if (length + list.length + 1 > all.length) all = Buffer.concat([all], 2 * (length + list.length + 1));
      list.copy(all, length);
      length += list.length;
      all[length++] = LINE_FEED;
      this.ends.push(length);
    }
    this.bytes = all.subarray(0, length);
    this.index = new LineIndex(this.bytes, info);
  }

  /** where each list ends among the others */
  private readonly ends: number[] = [];

  /** by directory on this machine: the lists as they were, and what they depend on */
  private static readonly kept = new Map<string, { readonly stamp: string; readonly lists: FileLists }>();

  /**
   * The lists of a root. Layers of one app share them.
   *
   * dpkg replaces a list by renaming a new one, so the stamp of the directory changes with every list. A file system without such a
   * stamp needs a look at each list instead. The caller looks at those that have a line it asked for.
   *
   * @param info the resolved path of the directory
   * @throws LimitError
   */
  public static of(root: Root, info: string): FileLists {
    const names = root.names(info).filter((name) => name.endsWith(LIST));
    const stamp = root.stamp(info);
    const isTrusted = !stamp.startsWith('~');
    const place = root.shown(info);
    const known = isTrusted ? this.kept.get(place) : undefined;
    if (known?.stamp === stamp) return known.lists;
    const looking = (name: string) => {
      const list = root.file(path.posix.join(info, name));
      return list === undefined ? Buffer.alloc(0) : root.read(list, LIMITS.fileLists);
    };
    const read = (name: string) =>
      (isTrusted ? root.readUnrecorded(path.posix.join(info, name), LIMITS.fileLists) : undefined) ?? looking(name);
    const lists = new FileLists(names, read, info);
    if (isTrusted) this.kept.set(place, { stamp, lists });
    return lists;
  }

  /** The names of the lists that have a line with this end. */
  public *withEnd(end: string): Generator<string> {
    for (let offset = this.bytes.indexOf(`${end}\n`); offset >= 0; offset = this.bytes.indexOf(`${end}\n`, offset + 1)) {
      yield this.nameAt(offset);
    }
  }

  /** The names of the lists that have a line. */
  public *with(line: string): Generator<string> {
    for (const offset of this.index.offsets(line)) yield this.nameAt(offset);
  }

  private nameAt(offset: number): string {
    let [low, high] = [0, this.ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offset < this.ends[middle]) high = middle;
      else low = middle + 1;
    }
    return this.names[low];
  }
}
