/**
 * The inputs of the library search for a root.
 */
import type { Machine } from '../elf';
import { readCache } from './ld-so-cache';
import { configuredDirectories } from './ld-so-conf';
import { defaultDirectories, MACHINES } from './machine';
import type { Setting } from './search';
import { LIMITS } from '../limits';
import type { Root } from '../root/root';

/** Inputs that may differ for the same root. */
export interface SettingOptions {
  /** LD_LIBRARY_PATH, entries separated by `:` or `;` @default - none */
  readonly libraryPath?: string;
  /** @default - none: only baseline files are found, not their variants */
  readonly variants?: readonly string[];
  /** @default - none: empty and relative entries of a search path are ignored */
  readonly cwd?: string;
}

export function settingOf(root: Root, machine: Machine, options: SettingOptions = {}): Setting {
  const cacheFile = root.file('/etc/ld.so.cache'); // like ld.so, continues without a cache that cannot be read
  const cache = cacheFile === undefined ? undefined : readCache(root.read(cacheFile, LIMITS.loaderCache), MACHINES[machine].cacheFlags);
  const { directories, lib } = defaultDirectories(root, machine);
  return {
    files: root,
    machine,
    libraryPath: options.libraryPath ? options.libraryPath.split(/[:;]/) : [],
    variants: options.variants ?? [],
    cache,
    configured: cache ? [] : configuredDirectories(root),
    defaults: directories,
    lib,
    platform: MACHINES[machine].platform,
    cwd: options.cwd,
    pathFile: `/etc/ld-musl-${machine}.path`,
  };
}
