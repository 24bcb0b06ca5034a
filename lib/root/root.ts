/**
 * A root: `/` of this machine, or the file system of another one. Only lib/root opens files of a source, so that roots other than
 * directories can be added here.
 *
 * Paths are paths *inside* the root. Symbolic links, including absolute ones, are resolved inside it, so no path leads
 * out. A root records every look at the file system, including those that found nothing: a result that depends on them
 * is valid as long as all looks would see the same.
 */
import type { Content } from './content';
import type { Looks } from './looks';
import type { RootPath } from './paths';
import type { Stamped } from './read-directly';
import type { Status } from './stamp';
import type { Bytes } from '../elf';
import type { Limit } from '../limits';

export type { Looks, Status };

/** A symbolic link on a path: its own place with all parents resolved, and its target. */
export interface Link {
  readonly path: string;
  readonly target: string;
}

/** The result of resolving a path. */
export interface Resolution {
  /** the resolved path, `undefined` if it does not exist */
  readonly real?: RootPath;
  /** the links on the path, in order */
  readonly links: readonly Link[];
}

export interface Root {
  /** where another process can open the root: see `openRoot` */
  readonly location: string;

  /** true if the root is this machine's own */
  readonly isHost: boolean;

  /** The same root with other link targets. @param links resolved path of a link → target */
  withLinks(links: ReadonlyMap<string, string>): Root;

  /** The same root with other bytes in some files. @param replaced resolved path of a file → bytes */
  withFiles(replaced: ReadonlyMap<RootPath, Buffer>): Root;

  /** The bytes that `withFiles` set for a file. */
  replacement(real: RootPath): Buffer | undefined;

  /** A path for error messages. It identifies the file for a user of this machine. */
  shown(real: RootPath): string;

  /** Resolves a path inside the root, including `.`, `..` and links. */
  resolve(path: string): Resolution;

  /** The resolved path, `undefined` if it does not exist. */
  real(path: string): RootPath | undefined;

  /** The status of a path whose parent is resolved. A link is not followed. */
  status(real: RootPath): Status | undefined;

  /** True if a path leads to a regular file. */
  isFile(path: string): boolean;

  /** The resolved path of a regular file that this user may read, `undefined` for anything else. */
  file(path: string): RootPath | undefined;

  /** True if a path leads to a directory. */
  isDirectory(path: string): boolean;

  /** True if this user may read the file, or list the directory, at a resolved path. */
  isReadable(real: RootPath): boolean;

  /**
   * True if the file at a resolved path is world-readable, or the directory is world-readable and world-accessible.
   *
   * @param from a directory whose permissions, and those of its parents, do not matter
   */
  isPublic(real: RootPath, from?: RootPath): boolean;

  /**
   * The names in a directory, sorted by code unit; none if it cannot be listed.
   *
   * @throws LimitError
   */
  names(real: RootPath): readonly string[];

  /**
   * The bytes of the regular file at a resolved path. They are not cached: see `content`.
   *
   * @param limit of its size
   * @throws LimitError, SpecialFileError
   */
  read(real: RootPath, limit?: Limit): Buffer;

  /**
   * The bytes of a regular file, without recording a look at it. So the caller must notice changes of the file: it must have recorded a
   * stamp that changes with the file, such as that of the directory, or compare the returned stamp with the one in a plan.
   *
   * @param room the bytes are read into it if it is large enough
   * @returns the bytes, with the stamp that `stampUnrecorded` returns; `undefined` if the file is not a regular file (a link, for example),
   *   exceeds the limit, or cannot be read
   */
  readUnrecorded(real: RootPath, limit: Limit, room: Buffer): Stamped | undefined;

  /** The stamp of the status of a path, without recording a look at it; `''` if it does not exist. */
  stampUnrecorded(real: RootPath): string;

  /** Passes the bytes of a regular file to `use`, which reads only parts of them. They are valid until it returns. */
  readParts<T>(real: RootPath, use: (bytes: Bytes) => T): T;

  /**
   * Passes the bytes of a regular file to `use`. They are valid until it returns, so no memory needs to be allocated for them.
   *
   * @throws LimitError, SpecialFileError
   */
  scan<T>(real: RootPath, use: (bytes: Buffer) => T): T;

  /** The bytes of a regular file if it still has the stamp; `undefined` if it has changed. */
  readUnchanged(real: RootPath, stamp: string): Buffer | undefined;

  /** Facts about the regular file at a resolved path. The file is read once. */
  content(real: RootPath): Content;

  /** The stamp that a resolved path had at the first call. As long as the stamp is the same, the content is assumed to be the same. */
  stamp(real: RootPath): string;

  /** All looks so far, except looks that another look covers. */
  looks(): Looks;
}
