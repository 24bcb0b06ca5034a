/**
 * The library search of glibc's dynamic loader, without running it.
 *
 * The rules are those of the function _dl_map_object in glibc's elf/dl-load.c. `search` applies them in the same order.
 */
import * as path from 'path';
import type { Machine } from '../elf';
import { DF_1_NODEFLIB, DF_1_PIE, identify, MACHINE_NUMBERS } from '../elf';
import { openCandidate } from './candidate';
import type { CacheEntry } from './ld-so-cache';
import { nameKey } from './ld-so-cache';
import type { Found, Loaded, LoaderRules, NotFound, Setting } from './search';
import { absolute, searchEntries, UnloadableError } from './search';
import { expandTokens } from './tokens';
import { printableName } from '../text/printable';

/** `ELFOSABI_SYSV` and `ELFOSABI_GNU`: what glibc's loader accepts (elf/dl-load.c, VALID_ELF_OSABI). */
const OS_ABIS = [0, 3];

export const GLIBC: LoaderRules = {
  libc: 'glibc',
  search,
  open,
  directoriesOf,
  isLoader: (name, loader) => loader.name === name || loader.elf.dynamic?.soname === name,
  answersTo: (object, name) => object.path === name || object.elf.dynamic?.soname === name,
  isKept: () => true,
  opener: (object) => object,
  hasFilters: true,
  hasVersions: true,
};

function search(name: string, requester: Loaded, program: Loaded, setting: Setting): Found | NotFound {
  const searched: string[] = [];
  const expanded = expandTokens(name, tokens(requester, setting));
  const look = (directories: readonly string[], reason: string) => lookInto(directories, expanded, reason, setting, searched);

  if (expanded.includes('/')) {
    const file = absolute(expanded, setting.cwd);
    searched.push(file ?? expanded);
    return (file && openLibrary(file, 'path', setting)) || { searched };
  }
  if (requester.elf.dynamic?.runpath === undefined) {
    const chain = loaders(requester);
    if (!chain.includes(program)) chain.push(program);
    for (const object of chain) {
      const { rpath, runpath } = object.elf.dynamic ?? {};
      if (!rpath || runpath !== undefined) continue; // a DT_RPATH is ignored if it is empty, or if the object has a DT_RUNPATH
      const found = look(directoriesOf(rpath, object, setting), `rpath of ${path.posix.basename(object.path)}`);
      if (found) return found;
    }
  }
  const fromEnvironment = look(setting.libraryPath.map((entry) => expandTokens(entry, tokens(program, setting))), 'LD_LIBRARY_PATH');
  if (fromEnvironment) return fromEnvironment;
  const { runpath } = requester.elf.dynamic ?? {};
  if (runpath) {
    const found = look(directoriesOf(runpath, requester, setting), `runpath of ${path.posix.basename(requester.path)}`);
    if (found) return found;
  }
  const noDefaults = ((requester.elf.dynamic?.flags1 ?? 0) & DF_1_NODEFLIB) !== 0;
  const cached = fromCache(expanded, noDefaults, setting);
  if (cached) return cached;
  if (setting.cache) searched.push('/etc/ld.so.cache');
  const configured = look(setting.configured, 'ld.so.conf');
  if (configured) return configured;
  return (!noDefaults && look(setting.defaults, 'default directory')) || { searched };
}

/** The directories in an object's own DT_RPATH or DT_RUNPATH, one for each entry, with their tokens expanded. */
function directoriesOf(
  list: string,
  object: Pick<Loaded, 'path' | 'real' | 'loader'>,
  setting: Pick<Setting, 'lib' | 'platform'>,
): string[] {
  return searchEntries(list, ':', object.path).map((entry) => expandTokens(entry, tokens(object, setting)));
}

/** `$ORIGIN` is the directory of the program's resolved path, or, for a library, of the path by which the library was found. */
function tokens(object: Pick<Loaded, 'path' | 'real' | 'loader'>, setting: Pick<Setting, 'lib' | 'platform'>) {
  return { ORIGIN: path.posix.dirname(object.loader ? object.path : object.real), LIB: setting.lib, PLATFORM: setting.platform };
}

function loaders(requester: Loaded): Loaded[] {
  const chain: Loaded[] = [];
  for (let object: Loaded | undefined = requester; object; object = object.loader) chain.push(object);
  return chain;
}

function lookInto(directories: readonly string[], name: string, reason: string, setting: Setting, searched: string[]): Found | undefined {
  for (const entry of directories) {
    const directory = absolute(entry, setting.cwd);
    if (directory === undefined) continue;
    for (const variant of [...setting.variants, '']) {
      setting.budget?.count();
      const found = openLibrary(path.posix.join(directory, variant, name), reason, setting);
      if (found) return found;
    }
    searched.push(`${directory} (${reason})`);
  }
  return undefined;
}

function fromCache(name: string, noDefaults: boolean, setting: Setting): Found | undefined {
  const entries = setting.cache?.get(nameKey(name)) ?? [];
  const variants = setting.variants.filter((variant) => variant.startsWith('glibc-hwcaps/')).map((variant) => path.posix.basename(variant));
  const rank = ({ variant }: CacheEntry) => (variant === undefined ? variants.length : variants.indexOf(variant));
  const best = entries.filter((entry) => rank(entry) >= 0).sort((a, b) => rank(a) - rank(b))[0];
  if (!best) return undefined;
  if (noDefaults && setting.defaults.some((directory) => best.path.startsWith(`${directory}/`))) return undefined;
  return openLibrary(path.posix.normalize(best.path), 'ld.so.cache', setting);
}

/** Opens a library. glibc's loader refuses to load a program as a library (elf/dl-load.c, _dl_map_object_from_fd). */
function openLibrary(file: string, reason: string, setting: Setting): Found | undefined {
  const found = open(file, reason, setting);
  if (found && (found.elf.type === 'executable' || ((found.elf.dynamic?.flags1 ?? 0) & DF_1_PIE) !== 0)) {
    throw new UnloadableError(`${printableName(file)} is not a library but a program`);
  }
  return found;
}

/**
 * Opens a candidate like glibc's open_verify. Files for another class or architecture are skipped.
 *
 * @returns `undefined` if the search continues after the file
 * @throws UnloadableError if the file ends the search
 */
function open(file: string, reason: string, setting: Pick<Setting, 'files' | 'machine'>): Found | undefined {
  const found = openCandidate(file, reason, setting.files, (head) => isForeign(head, setting.machine));
  if (found && !OS_ABIS.includes(found.elf.osAbi)) {
    throw new UnloadableError(`${printableName(file)} is not a library for Linux: its OS ABI is ${found.elf.osAbi}`);
  }
  return found;
}

function isForeign(head: Buffer, machine: Machine): boolean {
  const identity = identify(head);
  if (!identity.elf || identity.cut) return false;
  return identity.class !== 64 || (identity.byteOrder === 'little' && identity.machine !== MACHINE_NUMBERS[machine]);
}
