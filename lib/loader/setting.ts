/**
 * The setting of a root: what its loader goes by.
 */
import type { Machine } from '../elf';
import { readCache } from './ld-so-cache';
import { configuredDirectories } from './ld-so-conf';
import { defaultDirectories, MACHINES } from './machine';
import type { Setting } from './search';
import { LIMITS } from '../limits';
import type { Root } from '../root/root';

/** What may differ while the root stays the same. */
export interface SettingOptions {
  /** LD_LIBRARY_PATH, entries separated by `:` or `;` @default - none */
  readonly libraryPath?: string;
  /** @default - none: the baseline file is found, never a variant of it */
  readonly variants?: readonly string[];
  /** @default - none: empty and relative entries of a search path lead nowhere */
  readonly cwd?: string;
}

export function settingOf(root: Root, machine: Machine, options: SettingOptions = {}): Setting {
  const cacheFile = root.file('/etc/ld.so.cache'); // ld.so goes on without one that it cannot read
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
