/**
 * A root directory: `/` of this machine, or an unpacked file system of another.
 *
 * Paths are those *inside* the root. Symbolic links are resolved inside it as well, absolute ones
 * included, so that no path leads out. Every look is remembered, those that found nothing included:
 * as long as none of them would see anything else, an answer that rests on them still holds.
 */
import * as fs from 'fs';
import * as path from 'path';
import { type Content, HEAD, inspect, oversized } from './content';
import { briefly, type Looks } from './looks';
import type { MachinePath, RootPath } from './paths';
import { contentStamp, lstat, type Node, readUnchanged, type Status } from './stamp';
import { readDescriptor, useRegularFile } from '../elf';
import { checkLimit, type Limit, LIMITS } from '../limits';

export type { Looks, Status };

/** A symbolic link that was crossed: its own place, every directory before it resolved, and what it says. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** Where a path leads. */
export interface Resolution {
  /** the path with every link resolved, `undefined` where nothing stands there */
  readonly real?: string;
  /** the links crossed on the way, in order */
  readonly links: readonly Link[];
}

const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)

/** What the kernel makes up, another at each look: it is of no root. */
const PSEUDO = /^\/(?:proc|sys|dev)(?:\/|$)/;

export class Root {
  /** path inside the root, its parent resolved → what stands there, `undefined` for nothing */
  private readonly nodes = new Map<string, Node | undefined>();
  private readonly resolutions = new Map<string, Resolution>();
  private readonly listings = new Map<string, readonly string[]>();
  private readonly contents: Map<string, Content>;
  private readonly seen: Map<string, string>;
  /** see `stamp` */
  private readonly stamps: Map<string, string>;
  /** see `withRoom` */
  private room = Buffer.alloc(0);

  /**
   * @param directory the root directory on this machine, absolute
   * @param links resolved path of a link → what it says instead of its own target
   * @param same a root of the same directory: what was read and seen is shared with it
   * @param replaced resolved path of a file → its bytes instead of its own
   */
  constructor(
    public readonly directory: string,
    private readonly links: ReadonlyMap<string, string> = new Map(),
    same?: Root,
    private readonly replaced: ReadonlyMap<RootPath, Buffer> = new Map(),
  ) {
    this.contents = same && replaced.size > 0 ? new Map([...same.contents, ...contentsOf(replaced)]) : same?.contents ?? new Map();
    this.seen = same?.seen ?? new Map();
    this.stamps = same?.stamps ?? new Map();
  }

  /** The same root with other targets of links. */
  public withLinks(links: ReadonlyMap<string, string>): Root {
    return new Root(this.directory, new Map([...this.links, ...links]), this, this.replaced);
  }

  /** The same root with other bytes in some files. */
  public withFiles(replaced: ReadonlyMap<RootPath, Buffer>): Root {
    return new Root(this.directory, this.links, this, replaced);
  }

  /** The bytes that a file has instead of its own: see `withFiles`. */
  public replacement(real: RootPath): Buffer | undefined {
    return this.replaced.get(real);
  }

  /** The path on this machine of a path inside the root whose links are resolved. */
  public locate(real: RootPath): MachinePath {
    return (this.directory === '/' ? '' : this.directory) + real;
  }

  /** Follows a path inside the root, `.` and `..` and links included. */
  public resolve(wanted: string): Resolution {
    const known = this.resolutions.get(wanted);
    if (known) return known;
    const links: Link[] = [];
    const resolution = { real: this.walk(wanted, links), links };
    this.resolutions.set(wanted, resolution);
    return resolution;
  }

  /** The path with every link resolved, or `undefined` where nothing stands there. */
  public real(wanted: string): string | undefined {
    return this.resolve(wanted).real;
  }

  /** What stands at a path whose parent is resolved; a link is not followed. */
  public status(real: string): Status | undefined {
    return this.node(real);
  }

  /** Whether a path leads to a regular file. */
  public isFile(wanted: string): boolean {
    const real = this.real(wanted);
    return real !== undefined && this.node(real)?.type === 'file';
  }

  /** The resolved path of the regular file that a path leads to, `undefined` for anything else, and for one that this user may not read. */
  public file(wanted: string): string | undefined {
    const real = this.real(wanted);
    const node = real === undefined ? undefined : this.node(real);
    if (node?.type !== 'file') return undefined;
    return (node.mode & 0o004) !== 0 || this.isReadable(real!) ? real : undefined;
  }

  /** Whether a path leads to a directory. */
  public isDirectory(wanted: string): boolean {
    const real = this.real(wanted);
    return real !== undefined && this.node(real)?.type === 'directory';
  }

  /** Whether the user who runs this may read the file or list the directory at a resolved path. */
  public isReadable(real: string): boolean {
    try {
      fs.accessSync(this.locate(real), fs.constants.R_OK);
      return true;
    } catch {
      return false;
    }
  }

  /**
   * Whether everybody may read the file or enter and list the directory at a resolved path.
   *
   * @param from a directory whose own permissions do not matter, nor those of what it lies in
   */
  public isPublic(real: string, from = '/'): boolean {
    const node = this.node(real);
    if (!node) return false;
    if (real === from) return true;
    if (node.type === 'directory' ? (node.mode & 0o005) !== 0o005 : (node.mode & 0o004) === 0) return false;
    for (let parent = path.posix.dirname(real); parent !== '/' && parent !== from; parent = path.posix.dirname(parent)) {
      if (((this.node(parent)?.mode ?? 0) & 0o001) === 0) return false;
    }
    return true;
  }

  /**
   * The names in a directory, sorted by code unit; none if it cannot be listed.
   *
   * @throws LimitError
   */
  public names(real: string): readonly string[] {
    if (PSEUDO.test(real)) return [];
    let names = this.listings.get(real);
    if (!names) {
      const node = this.node(real);
      this.stamp(real); // a look at the content, which is read after it
      names = node?.type === 'directory' ? list(this.locate(real), real) : [];
      this.listings.set(real, names);
    }
    return names;
  }

  /**
   * The bytes of the regular file at a resolved path. They are not kept: see `content`.
   *
   * @param limit of its size
   * @throws LimitError, SpecialFileError
   */
  public read(real: string, limit: Limit = LIMITS.file): Buffer {
    this.stamp(real); // a look at the content, which is read after it
    const replacement = this.replacement(real);
    if (replacement) return Buffer.from(replacement);
    return useRegularFile(this.locate(real), (descriptor, size) => {
      checkLimit(limit, size, real);
      return readDescriptor(descriptor, Buffer.allocUnsafe(size), real);
    });
  }

  /**
   * Calls a function with the bytes of the regular file at a resolved path. The bytes are valid only until it returns, so they take no
   * fresh memory.
   *
   * @throws LimitError, SpecialFileError
   */
  public scan<T>(real: string, use: (bytes: Buffer) => T): T {
    this.stamp(real); // a look at the content, which is read after it
    return useRegularFile(this.locate(real), (descriptor, size) => {
      checkLimit(LIMITS.file, size, real);
      return this.withRoom(size, (bytes) => use(readDescriptor(descriptor, bytes, real)));
    });
  }

  /** The bytes of a regular file, as long as it is the one that had a stamp; `undefined` if it has changed. */
  public readUnchanged(real: RootPath, stamp: string): Buffer | undefined {
    return readUnchanged(this.locate(real), stamp);
  }

  /** What one read of the regular file at a resolved path tells. It is read once. */
  public content(real: string): Content {
    let content = this.contents.get(real);
    if (!content) {
      this.stamp(real); // a look at the content, which is read after it
      // `inspect` keeps no reference to the bytes
      content = useRegularFile(this.locate(real), (descriptor, size) => {
        if (size > LIMITS.file.most) return oversized(real, size, readDescriptor(descriptor, Buffer.alloc(HEAD), real));
        return this.withRoom(size, (bytes) => inspect(readDescriptor(descriptor, bytes, real), real));
      });
      this.contents.set(real, content);
    }
    return content;
  }

  /** Lends memory of a size. Allocating fresh memory for each file would take as long as reading it. */
  private withRoom<T>(size: number, use: (bytes: Buffer) => T): T {
    const { room } = this;
    // of a scan within a scan, the inner one has room of its own
    this.room = Buffer.alloc(0);
    const enough = room.length >= size ? room : Buffer.allocUnsafeSlow(Math.min(Math.max(size, 2 * room.length), LIMITS.file.most));
    try {
      return use(enough.subarray(0, size));
    } finally {
      this.room = enough;
    }
  }

  /** A stamp of the file at a resolved path: another one means that its content has changed since this was first called. */
  public stamp(real: string): string {
    let stamp = this.stamps.get(real);
    if (stamp === undefined) {
      const node = this.node(real);
      stamp = node ? contentStamp(this.locate(real), node) : '';
      this.stamps.set(real, stamp);
      this.seen.set(real, stamp);
    }
    return stamp;
  }

  /** Every look so far. */
  public looks(): Looks {
    return Object.fromEntries(this.seen);
  }

  private node(real: string): Node | undefined {
    if (PSEUDO.test(real)) return undefined;
    if (this.nodes.has(real)) return this.nodes.get(real);
    const found = lstat(this.locate(real));
    const node = found?.type === 'link' ? { ...found, target: this.links.get(real) ?? found.target } : found;
    this.nodes.set(real, node);
    this.seen.set(real, node ? briefly(node) : '');
    return node;
  }

  private walk(wanted: string, links: Link[]): string | undefined {
    const pending = wanted.split('/').reverse();
    let at = '';
    while (pending.length > 0) {
      const name = pending.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
        continue;
      }
      const next = `${at}/${name}`;
      const node = this.node(next);
      if (!node) return undefined;
      if (node.type === 'link') {
        if (links.length === MOST_LINKS) return undefined;
        links.push({ path: next, target: node.target! });
        if (node.target!.startsWith('/')) at = '';
        pending.push(...node.target!.split('/').reverse());
      } else if (node.type !== 'directory' && pending.some((rest) => rest !== '')) {
        return undefined;
      } else {
        at = next;
      }
    }
    return at || '/';
  }
}

function contentsOf(replaced: ReadonlyMap<RootPath, Buffer>): [RootPath, Content][] {
  return [...replaced].map(([real, bytes]) => [real, inspect(bytes, real)]);
}

function list(directory: string, real: string): string[] {
  let opened: fs.Dir;
  try {
    opened = fs.opendirSync(directory, { bufferSize: 1024 });
  } catch {
    return []; // no permission to list it
  }
  try {
    const names: string[] = [];
    for (let entry; (entry = opened.readSync()); ) {
      names.push(entry.name);
      checkLimit(LIMITS.directoryEntries, names.length, real);
    }
    return names.sort();
  } finally {
    opened.closeSync();
  }
}
