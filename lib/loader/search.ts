/**
 * The search for libraries: its inputs and results. glibc.ts and musl.ts contain the rules.
 */
import * as path from 'path';
import type { Elf, Machine } from '../elf';
import type { LoaderCache } from './ld-so-cache';
import { LayerError } from '../error';
import type { Limit } from '../limits';
import { exceeding, LIMITS } from '../limits';
import type { Content } from '../root/content';

/** The files that a loader sees. */
export interface Files {
  /** the resolved path, `undefined` if it does not exist */
  real(path: string): string | undefined;
  status(real: string): { readonly type: string } | undefined;
  content(real: string): Pick<Content, 'elf' | 'elfError' | 'head' | 'size'>;
  /** the bytes of a regular file that is not an ELF object */
  read(real: string, limit?: Limit): Buffer;
}

/** A loaded object: the program itself, a library or a plug-in. */
export interface Loaded {
  /** the path by which it was found, with `.` and `..` resolved but not links */
  readonly path: string;
  /** the resolved path: identifies an object, as device and inode do in the loader */
  readonly real: string;
  readonly elf: Elf;
  /** the name by which it was requested; `''` for the program */
  readonly name: string;
  /** the rule by which it was found */
  readonly reason: string;
  /** the object that requested it, like glibc's `l_loader` and musl's `needed_by`; undefined for the program */
  readonly loader?: Loaded;
}

/** Inputs of the search other than the objects themselves. */
export interface Setting {
  readonly files: Files;
  readonly machine: Machine;
  /** entries of LD_LIBRARY_PATH */
  readonly libraryPath: readonly string[];
  /** the current directory, for empty and relative entries; `undefined` to ignore such entries */
  readonly cwd?: string;
  /** glibc: subdirectories that are searched first in each directory, such as `glibc-hwcaps/x86-64-v3`, in order of preference */
  readonly variants: readonly string[];
  /** glibc: `/etc/ld.so.cache` */
  readonly cache?: LoaderCache;
  /** glibc: directories of ld.so.conf, used without a cache */
  readonly configured: readonly string[];
  /** glibc: its default directories */
  readonly defaults: readonly string[];
  /** glibc: the values of `$LIB` and `$PLATFORM` */
  readonly lib: string;
  readonly platform: string;
  /** musl: path, below musl's installation prefix, of the file that lists the default directories */
  readonly pathFile: string;
  /** @default - no limit */
  readonly budget?: SearchBudget;
  /** called for each library that is not found or cannot be loaded; the library is then skipped @default - the error is thrown */
  readonly missing?: (name: string, requester: Loaded, error: Error) => void;
}

export interface Found {
  readonly path: string;
  readonly real: string;
  readonly elf: Elf;
  readonly reason: string;
}

export interface NotFound {
  /** every place that was searched, in order: paths, directories and caches */
  readonly searched: readonly string[];
}

/** A file at which the loader fails instead of searching on, or a search that exceeds a limit. */
export class UnloadableError extends LayerError {}

/** Limits the places that are searched for one program's libraries: a hostile program may have many names and long search paths. */
export class SearchBudget {
  private places = 0;

  /** @param program its path, for errors */
  constructor(private readonly program: string) {}

  /** @throws UnloadableError */
  public count(): void {
    if (++this.places > LIMITS.searchedPlaces.most) {
      throw new UnloadableError(`${this.program}: ${exceeding(LIMITS.searchedPlaces, this.places)}`);
    }
  }
}

/** The differences between the loaders of C libraries. */
export interface LoaderRules {
  readonly libc: 'glibc' | 'musl';

  /**
   * Finds the file for a name.
   *
   * @param requester the object that needs it (DT_NEEDED) or opens it (dlopen)
   * @param program the program of the process
   * @throws UnloadableError
   */
  search(name: string, requester: Loaded, program: Loaded, setting: Setting): Found | NotFound;

  /**
   * Opens a file of any type.
   *
   * @returns `undefined` if the file does not exist, or the search continues after it
   * @throws UnloadableError
   */
  open(file: string, reason: string, setting: Pick<Setting, 'files' | 'machine'>): Found | undefined;

  /** The directories in an object's own DT_RPATH or DT_RUNPATH, one for each entry. */
  directoriesOf(list: string, object: Pick<Loaded, 'path' | 'real' | 'loader'>, setting: Pick<Setting, 'lib' | 'platform'>): string[];

  /** True if a name refers to the loader that the process was started with. */
  isLoader(name: string, loader: Loaded): boolean;

  /** True if an object has this name, even if no request has used the name yet. */
  answersTo(object: Loaded, name: string): boolean;

  /**
   * True if the loader keeps this name for a loaded object: later requests for the name return the object without a search.
   *
   * @param names the names kept so far
   */
  isKept(name: string, object: Loaded, names: ReadonlyMap<string, Loaded>): boolean;

  /** The object whose search path applies if `object` opens a library by name (dlopen). */
  opener(object: Loaded, program: Loaded): Loaded;

  /** True if the loader supports DT_FILTER and DT_AUXILIARY. */
  readonly hasFilters: boolean;

  /** True if the loader checks symbol versions. */
  readonly hasVersions: boolean;
}

/**
 * The entries of a search path in a file.
 *
 * @throws UnloadableError if there are too many, which would make the search take forever
 */
export function searchEntries(list: string, separator: string | RegExp, where: string): string[] {
  const entries = list.split(separator);
  if (entries.length > LIMITS.searchDirectories.most) {
    throw new UnloadableError(`${where}: ${exceeding(LIMITS.searchDirectories, entries.length)}`);
  }
  return entries;
}

/** @returns `undefined` for a relative path without a current directory */
export function absolute(entry: string, cwd: string | undefined): string | undefined {
  if (entry.startsWith('/')) return path.posix.normalize(entry);
  return cwd === undefined ? undefined : path.posix.join(cwd, entry);
}
