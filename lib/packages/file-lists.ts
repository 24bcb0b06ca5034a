/**
 * dpkg's file lists, `/var/lib/dpkg/info/*.list`, as one text with an index: they have megabytes, and a layer needs only a few lines.
 */
import { setImmediate } from 'timers';
import { DamagedListsError, keep, type Lists, readKept } from './kept-lists';
import { LineIndex } from './line-index';
import { valueOf } from './package';
import { checkLimit, LIMITS } from '../limits';
import type { Root } from '../root/root';

const LIST = '.list';
/** Added after each list, because a list may end without it. */
const LINE_FEED = 0x0a;
/** Size, in bytes, of the memory that is allocated for the lists at first. */
const FIRST_SIZE = 8 * 1024 * 1024;

export class FileLists {
  /** @param readAgain reads the lists from the root if the kept ones turn out to be damaged */
  private constructor(private readonly names: readonly string[], private lists: Lists, private readonly readAgain?: () => Lists) {}

  private readonly byEnd = new Map<string, readonly string[]>();

  /** by directory on this machine: the lists, and the stamp of the directory when they were read */
  private static readonly kept = new Map<string, { readonly state: string; readonly lists: FileLists }>();

  /**
   * The lists of a root. Layers of one app share them, and later processes find them in the cache.
   *
   * dpkg replaces a list by renaming a new one, so the stamp of the directory changes with every list, and it is enough that
   * the root records a look at the directory (see `Root`). On a file system without trusted stamps, the lists are not shared, and the root
   * records a look at every list. The caller must also record a look at each list whose name `with` or `withEnd` returns.
   *
   * @param info the resolved path of the directory
   * @throws LimitError
   */
  public static of(root: Root, info: string): FileLists {
    const [stamp, place] = [root.stamp(info), root.shown(info)];
    const known = this.kept.get(place);
    if (known?.state === stamp) return known.lists;
    const names = root.names(info).filter((name) => name.endsWith(LIST));
    if (stamp.startsWith('~')) {
      return new FileLists(names, readLists(names, info, (name) => readLooking(root, `${info}/${name}`)));
    }
    const stateOf = (stamps: readonly string[]) => JSON.stringify([stamp, names, stamps]);
    // the stamps of the lists, too: an editor may have changed a list in place, which does not change the directory
    const state = () => stateOf(names.map((name) => root.stampUnrecorded(`${info}/${name}`)));
    const read = () => readNew(root, names, info, (lists, stamps) => {
      // later, because only the next process needs them
      setImmediate(() => keep(place, stateOf(stamps.map((stampOf) => stampOf())), lists));
    });
    const found = new FileLists(names, readKept(place, state) ?? read(), read);
    this.kept.set(place, { state: stamp, lists: found });
    return found;
  }

  /** The names of the lists that have a line with this end. Cached, because the search reads all lists, which takes 2 ms for 5 MB. */
  public withEnd(end: string): readonly string[] {
    return valueOf(this.byEnd, end, () => {
      const bytes = this.reading(({ text }) => text.subarray(0, text.length));
      const found: string[] = [];
      for (let offset = bytes.indexOf(`${end}\n`); offset >= 0; offset = bytes.indexOf(`${end}\n`, offset + 1)) {
        found.push(this.nameAt(offset));
      }
      return found;
    });
  }

  /** The names of the lists that have this line. */
  public with(line: string): string[] {
    return this.reading(({ text, tables }) => new LineIndex(text, tables).offsets(line)).map((offset) => this.nameAt(offset));
  }

  private reading<T>(use: (lists: Lists) => T): T {
    try {
      return use(this.lists);
    } catch (error) {
      if (!(error instanceof DamagedListsError) || this.readAgain === undefined) throw error;
      this.lists = this.readAgain();
      return use(this.lists);
    }
  }

  private nameAt(offset: number): string {
    let [low, high] = [0, this.lists.ends.length - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (offset < this.lists.ends[middle]) high = middle;
      else low = middle + 1;
    }
    return this.names[low];
  }
}

/**
 * @param done called with the lists and their stamps, but only if all are regular files: if a list were a link, its stamp would not change
 *   with the file that it leads to
 */
function readNew(
  root: Root, names: readonly string[], info: string, done: (lists: Lists, stamps: readonly (() => string)[]) => void,
): Lists {
  const stamps: (() => string)[] = [];
  const lists = readLists(names, info, (name, room) => {
    const file = `${info}/${name}`;
    const read = root.readUnrecorded(file, LIMITS.fileLists, room);
    if (read) stamps.push(read.stamp);
    return read?.bytes ?? readLooking(root, file);
  });
  if (stamps.length === names.length) done(lists, stamps);
  return lists;
}

function readLooking(root: Root, file: string): Buffer {
  const real = root.file(file);
  return real === undefined ? Buffer.alloc(0) : root.read(real, LIMITS.fileLists);
}

/** @param read returns the bytes of a list. It may read them into `room` */
function readLists(names: readonly string[], info: string, read: (name: string, room: Buffer) => Buffer): Lists {
  let all = Buffer.allocUnsafeSlow(FIRST_SIZE);
  let length = 0;
  const ends: number[] = [];
  for (const name of names) {
    const list = read(name, all.subarray(length, -1));
    const end = length + list.length + 1;
    checkLimit(LIMITS.fileLists, end, info);
    if (end > all.length) all = Buffer.concat([all], 2 * end);
    if (list.buffer !== all.buffer) list.copy(all, length);
    all[end - 1] = LINE_FEED;
    length = end;
    ends.push(length);
  }
  const bytes = all.subarray(0, length);
  return { text: bytes, ends, tables: LineIndex.of(bytes, info).tables };
}
