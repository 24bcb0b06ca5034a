/**
 * A root in a directory: `/` of this machine, or an unpacked file system of another.
 */
import * as fs from 'fs';
import { posix } from 'path';
import {
  type Content, contentOfLibrary, HEAD, inspect, kindOf, LARGE, largeData, type LargeLibrary, MOST_INDEX, oversized, readLargeLibrary,
} from './content';
import { KnownObjects } from './known-objects';
import { listDirectory } from './list-directory';
import { type Looks, stampWithoutContent } from './looks';
import { type MachinePath, machinePath, type RootPath } from './paths';
import { readDirectly, readUnchanged, type Stamped } from './read-directly';
import { ReadingMemory } from './reading-memory';
import type { Link, Resolution, Root } from './root';
import { sha256OfFile } from './sha256';
import { contentStamp, lstat, type Node, type Status } from './stamp';
import { type Bytes, FileBytes, readDescriptor, useRegularFile } from '../elf';
import { checkLimit, type Limit, LIMITS } from '../limits';

/** Maximum length of a path whose parents are resolved recursively. A longer path might nest too many calls. */
const MOST_NESTED = 1024;
const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)
/** shared by all paths without links, that is, by most paths */
const NO_LINKS: readonly Link[] = [];

/** Maximum size of a file that is read into the memory `small`, in bytes. Larger files are read into `large`. */
const SMALL = 1024 * 1024;

/** Shared by all roots, because the layers of one app share libraries. */
const KNOWN = new KnownObjects();

/** Directories whose content the kernel generates whenever it is read. They are never part of a root. */
const PSEUDO = /^\/(?:proc|sys|dev)(?:\/|$)/;

export class DirectoryRoot implements Root {
  public readonly directory: MachinePath;

  /** path inside the root with its parent resolved → file, link with its own target, or directory; `undefined` if it does not exist */
  private readonly nodes: Map<string, Node | undefined>;
  private readonly resolutions = new Map<string, Resolution>();
  private readonly listings: Map<string, readonly string[]>;
  /** resolved directory → whether it and its parents are world-accessible. Kept because every file in it depends on this */
  private readonly open = new Map<RootPath, boolean>();
  private readonly contents: Map<string, Content>;
  /** see `stamp` */
  private readonly stamps: Map<string, string>;
  /** keeps a large program while small files are read: several rules search it, and read small files in between */
  private readonly large = new ReadingMemory();
  private readonly small = new ReadingMemory();

  /**
   * @param directory the root directory on this machine, absolute
   * @param links resolved path of a link → the target to use instead of its own
   * @param same a root of the same directory, with which this root shares everything that does not depend on links or replaced files
   * @param replaced resolved path of a file → the bytes to use instead of its own
   */
  constructor(
    directory: string,
    private readonly links: ReadonlyMap<string, string> = new Map(),
    private readonly same?: DirectoryRoot,
    private readonly replaced: ReadonlyMap<RootPath, Buffer> = new Map(),
  ) {
    this.directory = machinePath(directory);
    this.nodes = same?.nodes ?? new Map();
    this.listings = same?.listings ?? new Map();
    this.contents = same && replaced.size > 0 ? new Map([...same.contents, ...contentsOf(replaced)]) : same?.contents ?? new Map();
    this.stamps = same?.stamps ?? new Map();
  }

  public get location(): string {
    return this.directory;
  }

  public get isHost(): boolean {
    return this.directory === '/';
  }

  public shown(real: RootPath): string {
    return this.locate(real);
  }

  public withLinks(links: ReadonlyMap<string, string>): DirectoryRoot {
    return new DirectoryRoot(this.directory, new Map([...this.links, ...links]), this, this.replaced);
  }

  public withFiles(replaced: ReadonlyMap<RootPath, Buffer>): DirectoryRoot {
    return new DirectoryRoot(this.directory, this.links, this, replaced);
  }

  public replacement(real: RootPath): Buffer | undefined {
    return this.replaced.get(real);
  }

  /** The path on this machine of a resolved path inside the root. */
  public locate(real: RootPath): MachinePath {
    return machinePath((this.isHost ? '' : this.directory) + real);
  }

  public resolve(path: string): Resolution {
    const known = this.resolutions.get(path);
    if (known) return known;
    const resolution = this.sameResolution(path) ?? this.newResolution(path);
    this.resolutions.set(path, resolution);
    return resolution;
  }

  /** The resolution in the root `same`, unless it follows a link that has another target here. */
  private sameResolution(path: string): Resolution | undefined {
    const same = this.same?.resolutions.get(path);
    return same?.links.some((link) => this.links.has(link.path)) ? undefined : same;
  }

  private newResolution(path: string): Resolution {
    const links: Link[] = [];
    return { real: this.walk(path, links), links: links.length > 0 ? links : NO_LINKS };
  }

  public real(path: string): RootPath | undefined {
    return this.resolve(path).real;
  }

  public status(real: RootPath): Status | undefined {
    return this.node(real);
  }

  public isFile(path: string): boolean {
    const real = this.real(path);
    return real !== undefined && this.node(real)?.type === 'file';
  }

  public file(path: string): RootPath | undefined {
    const real = this.real(path);
    const node = real === undefined ? undefined : this.node(real);
    if (node?.type !== 'file') return undefined;
    return (node.mode & 0o004) !== 0 || this.isReadable(real!) ? real : undefined;
  }

  public isDirectory(path: string): boolean {
    const real = this.real(path);
    return real !== undefined && this.node(real)?.type === 'directory';
  }

  public isReadable(real: RootPath): boolean {
    try {
      fs.accessSync(this.locate(real), fs.constants.R_OK);
      return true;
    } catch {
      return false;
    }
  }

  public isPublic(real: RootPath, from: RootPath = '/'): boolean {
    const node = this.node(real);
    if (!node) return false;
    if (real === from) return true;
    if (node.type === 'directory' ? (node.mode & 0o005) !== 0o005 : (node.mode & 0o004) === 0) return false;
    return this.isOpen(posix.dirname(real), from);
  }

  /** Whether a directory and its parents are world-accessible. */
  private isOpen(directory: RootPath, from: RootPath): boolean {
    if (directory === '/' || directory === from) return true;
    const known = from === '/' ? this.open.get(directory) : undefined;
    if (known !== undefined) return known;
    const isOpen = ((this.node(directory)?.mode ?? 0) & 0o001) !== 0 && this.isOpen(posix.dirname(directory), from);
    if (from === '/') this.open.set(directory, isOpen);
    return isOpen;
  }

  public names(real: RootPath): readonly string[] {
    if (PSEUDO.test(real)) return [];
    let names = this.listings.get(real);
    if (!names) {
      const node = this.node(real);
      this.stamp(real); // recorded before the content is read
      names = node?.type === 'directory' ? listDirectory(this.locate(real), real) : [];
      this.listings.set(real, names);
    }
    return names;
  }

  public read(real: RootPath, limit: Limit = LIMITS.file): Buffer {
    this.stamp(real); // recorded before the content is read
    const replacement = this.replacement(real);
    if (replacement) return Buffer.from(replacement);
    return useRegularFile(this.locate(real), (descriptor, size) => {
      checkLimit(limit, size, real);
      return readDescriptor(descriptor, Buffer.allocUnsafe(size), real);
    });
  }

  public readUnrecorded(real: RootPath, limit: Limit, room: Buffer): Stamped | undefined {
    return readDirectly(this.locate(real), limit.most, room);
  }

  public stampUnrecorded(real: RootPath): string {
    return lstat(this.locate(real))?.stamp ?? '';
  }

  public readParts<T>(real: RootPath, use: (bytes: Bytes) => T): T {
    return FileBytes.use(this.locate(real), use);
  }

  public readUnchanged(real: RootPath, stamp: string): Buffer | undefined {
    return readUnchanged(this.locate(real), stamp);
  }

  public scan<T>(real: RootPath, use: (bytes: Buffer) => T): T {
    this.stamp(real); // recorded before the content is read
    const memory = [this.small, this.large].find((one) => one.has(real));
    if (memory) return memory.lendLast(use);
    return useRegularFile(this.locate(real), (descriptor, size) => {
      checkLimit(LIMITS.file, size, real);
      return this.withBytes(descriptor, size, real, use);
    });
  }

  public content(real: RootPath): Content {
    let content = this.contents.get(real);
    if (!content) {
      const stamp = this.stamp(real); // recorded before the content is read
      const known = KNOWN.get(this.locate(real), stamp);
      content = known ? this.contentOf(known, real) : useRegularFile(this.locate(real), (descriptor, size) => {
        if (size > LIMITS.file.most) {
          return oversized(real, size, readDescriptor(descriptor, Buffer.alloc(HEAD), real), LIMITS.file);
        }
        if (size > MOST_INDEX) {
          const head = readDescriptor(descriptor, Buffer.alloc(HEAD), real);
          if (kindOf(head) === 'data') return largeData(size, head, () => sha256OfFile(this.locate(real)));
        }
        const library = size < LARGE ? undefined : readLargeLibrary(new FileBytes(descriptor, size));
        // kept without copying: neither of the two results refers to the bytes, whose memory is used again
        const object = library ?? this.withBytes(descriptor, size, real, (bytes) => inspect(bytes, real));
        KNOWN.add(this.locate(real), stamp, object);
        return this.contentOf(object, real);
      });
      this.contents.set(real, content);
    }
    return content;
  }

  private contentOf(object: Content | LargeLibrary, real: RootPath): Content {
    return 'headers' in object ? contentOfLibrary(object, (use) => this.scan(real, use), real) : object;
  }

  private withBytes<T>(descriptor: number, size: number, real: RootPath, use: (bytes: Buffer) => T): T {
    return (size < SMALL ? this.small : this.large).read(descriptor, size, real, use);
  }

  public stamp(real: RootPath): string {
    let stamp = this.stamps.get(real);
    if (stamp === undefined) {
      const node = this.node(real);
      stamp = node ? contentStamp(this.locate(real), node) : '';
      this.stamps.set(real, stamp);
    }
    return stamp;
  }

  public looks(): Looks {
    const looks = Object.fromEntries(this.stamps);
    /** directories that were looked at so far, and whose stamp changes with every name and link in them */
    const listed = new Set<string>();
    for (const [real, node] of this.nodes) {
      if (node?.type === 'directory' && node.isTrusted && this.stamps.has(real)) listed.add(real);
      // an absent file cannot appear, and a link cannot get another target, unless the stamp of its directory changes
      if ((node === undefined || node.type === 'link') && listed.has(posix.dirname(real))) continue;
      looks[real] ??= node ? stampWithoutContent(node) : '';
    }
    return looks;
  }

  private node(real: RootPath): Node | undefined {
    let node = this.nodes.get(real);
    if (node === undefined && !this.nodes.has(real)) {
      if (PSEUDO.test(real)) return undefined;
      node = lstat(this.locate(real));
      this.nodes.set(real, node);
    }
    const target = node?.type === 'link' ? this.links.get(real) : undefined;
    return target === undefined ? node : { ...node!, target };
  }

  private walk(path: string, links: Link[]): RootPath | undefined {
    const end = path.lastIndexOf('/');
    const above = end < 0 ? undefined : path.slice(0, end);
    // the parent's resolution is kept, because several paths are resolved in most directories
    const parent = above && path.length <= MOST_NESTED ? this.resolve(above) : undefined;
    if (parent) links.push(...parent.links);
    const name = path.slice(end + 1);
    if (parent && (parent.real === undefined || (name !== '' && !this.mayHaveEntries(parent.real)))) return undefined;
    const pending = parent ? [name] : path.split('/').reverse();
    let at = parent?.real === '/' ? '' : parent?.real ?? '';
    while (pending.length > 0) {
      const component = pending.pop()!;
      if (component === '' || component === '.') continue;
      if (component === '..') {
        at = at.slice(0, Math.max(at.lastIndexOf('/'), 0));
        continue;
      }
      // use the string `path` again where possible: its hash, which maps need, is already computed
      const next = at === above && component === name ? path : `${at}/${component}`;
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

  private mayHaveEntries(real: RootPath): boolean {
    return real === '/' || this.node(real)?.type === 'directory';
  }
}

function contentsOf(replaced: ReadonlyMap<RootPath, Buffer>): [RootPath, Content][] {
  return [...replaced].map(([real, bytes]) => [real, inspect(bytes, real)]);
}
