/**
 * The search for libraries: what a dynamic loader goes by, and what it answers. Whose rules it follows is in glibc.ts
 * and musl.ts.
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
  /** the path with its links resolved, `undefined` where nothing stands there */
  real(wanted: string): string | undefined;
  status(real: string): { readonly type: string } | undefined;
  content(real: string): Pick<Content, 'elf' | 'head' | 'size'>;
  /** the bytes of a regular file that is no object */
  read(real: string, limit?: Limit): Buffer;
}

/** An object that is loaded: the program itself, a library, a plug-in. */
export interface Loaded {
  /** the path by which it was found, `.` and `..` resolved, links not */
  readonly path: string;
  /** the same with its links resolved: what tells two objects apart, as device and inode do for the loader */
  readonly real: string;
  readonly elf: Elf;
  /** the name by which it was asked for; `''` for the program */
  readonly name: string;
  /** why it was found where it was */
  readonly reason: string;
  /** who asked for it, as glibc's `l_loader` and musl's `needed_by`; the program has none */
  readonly loader?: Loaded;
}

/** What the search depends on beside the objects themselves. */
export interface Setting {
  readonly files: Files;
  readonly machine: Machine;
  /** entries of LD_LIBRARY_PATH */
  readonly libraryPath: readonly string[];
  /** the current directory, for empty and relative entries; `undefined`: those lead nowhere */
  readonly cwd?: string;
  /** glibc: subdirectories of each directory to look into first, as `glibc-hwcaps/x86-64-v3`, in order of preference */
  readonly variants: readonly string[];
  /** glibc's own */
  readonly cache?: LoaderCache;
  /** glibc: directories of ld.so.conf, for want of a cache */
  readonly configured: readonly string[];
  /** glibc: its default directories */
  readonly defaults: readonly string[];
  /** glibc: what `$LIB` and `$PLATFORM` stand for */
  readonly lib: string;
  readonly platform: string;
  /** musl: the file that lists its default directories, below the prefix for which it was installed */
  readonly pathFile: string;
  /** @default - no limit */
  readonly budget?: SearchBudget;
  /** is told of each library that is not found or cannot be loaded, without which it goes on then @default - the error is thrown */
  readonly missing?: (name: string, requester: Loaded, error: Error) => void;
}

export interface Found {
  readonly path: string;
  readonly real: string;
  readonly elf: Elf;
  readonly reason: string;
}

export interface NotFound {
  /** each place that was searched, in order */
  readonly searched: readonly string[];
}

/** A file that ends the search: the loader gives up on it rather than look further. */
export class UnloadableError extends LayerError {}

/** How often one program's libraries may be looked for: each search path that a file has is gone through for each of its names. */
export class SearchBudget {
  private places = 0;

  /** @param program its path, for errors */
  constructor(private readonly program: string) {}

  /** @throws UnloadableError */
  public count(): void {
    if (++this.places > LIMITS.searchedPlaces.most) throw new UnloadableError(`${this.program}: ${exceeding(LIMITS.searchedPlaces, this.places)}`);
  }
}

/** What one C library's loader does otherwise than another's. */
export interface LoaderRules {
  readonly libc: 'glibc' | 'musl';

  /**
   * Finds the file for a name.
   *
   * @param requester the object that needs it (DT_NEEDED) or opens it (dlopen)
   * @param program the object at the start of the process
   * @throws UnloadableError
   */
  search(name: string, requester: Loaded, program: Loaded, setting: Setting): Found | NotFound;

  /**
   * Opens a file, whatever it is to be.
   *
   * @returns `undefined` where nothing stands there, or what the search goes on from
   * @throws UnloadableError
   */
  open(file: string, reason: string, setting: Pick<Setting, 'files' | 'machine'>): Found | undefined;

  /** The directories that an object's own DT_RPATH or DT_RUNPATH names, one for each entry. */
  directoriesOf(list: string, object: Pick<Loaded, 'path' | 'real' | 'loader'>, setting: Pick<Setting, 'lib' | 'platform'>): string[];

  /** Whether a name stands for the loader that the process was started with. */
  isLoader(name: string, loader: Loaded): boolean;

  /** Whether an object goes by a name by which nobody asked for it yet. */
  answersTo(object: Loaded, name: string): boolean;

  /**
   * Whether an object goes from now on by a name by which it was asked for.
   *
   * @param names those that are kept by now
   */
  isKept(name: string, object: Loaded, names: ReadonlyMap<string, Loaded>): boolean;

  /** The object whose search path counts where one opens a library by its name (dlopen). */
  opener(object: Loaded, program: Loaded): Loaded;

  /** Whether it heeds DT_FILTER and DT_AUXILIARY. */
  readonly hasFilters: boolean;

  /** Whether it heeds symbol versions. */
  readonly hasVersions: boolean;
}

/**
 * The entries of a search path that a file has.
 *
 * @throws UnloadableError for one that is made to keep the search busy
 */
export function searchEntries(list: string, separator: string | RegExp, where: string): string[] {
  const entries = list.split(separator);
  if (entries.length > LIMITS.searchDirectories.most) throw new UnloadableError(`${where}: ${exceeding(LIMITS.searchDirectories, entries.length)}`);
  return entries;
}

/** @returns `undefined` for a relative path where there is no current directory */
export function absolute(wanted: string, cwd: string | undefined): string | undefined {
  if (wanted.startsWith('/')) return path.posix.normalize(wanted);
  return cwd === undefined ? undefined : path.posix.join(cwd, wanted);
}
