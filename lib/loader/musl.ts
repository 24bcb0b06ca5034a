/**
 * Where musl's dynamic loader finds a library, without running it.
 *
 * musl ldso/dynlink.c, load_library. The order, from top to bottom, is that of `search` below. It looks at no class and
 * no machine on the way: the first file of a name is the one, or the end.
 */
import * as path from 'path';
import { FormatError } from '../elf';
import type { Found, Loaded, LoaderRules, NotFound, Setting } from './search';
import { absolute, searchEntries, UnloadableError } from './search';
import { LIMITS } from '../limits';
import { printableName } from '../text/printable';

export const MUSL: LoaderRules = {
  libc: 'musl',
  search,
  open,
  directoriesOf,
  // the loader is the C library, and all of its parts
  isLoader: (name, loader) => /^lib(?:c|pthread|rt|m|dl|util|xnet)\./.test(name) || loader.name === name,
  answersTo: () => false,
  // one name, by which it was searched for: a path is none (`shortname`)
  isKept: (name, object, names) => !name.includes('/') && ![...names.values()].includes(object),
  // dlopen searches for the program, whoever calls it
  opener: (_, program) => program,
  hasFilters: false,
  hasVersions: false,
};

/** Where it looks where no file says so. */
const DEFAULTS = ['/lib', '/usr/local/lib', '/usr/lib'];

function search(name: string, requester: Loaded, program: Loaded, setting: Setting): Found | NotFound {
  const searched: string[] = [];
  if (name.includes('/')) {
    const file = absolute(name, setting.cwd);
    searched.push(file ?? name);
    return (file && open(file, 'path', setting)) || { searched };
  }
  const look = (directories: readonly string[], reason: string): Found | undefined => {
    for (const entry of directories) {
      const directory = entry === '' ? undefined : absolute(entry, setting.cwd);
      if (directory === undefined) continue;
      setting.budget?.count();
      const found = open(path.posix.join(directory, name), reason, setting);
      if (found) return found;
      searched.push(`${directory} (${reason})`);
    }
    return undefined;
  };
  const fromEnvironment = look(setting.libraryPath, 'LD_LIBRARY_PATH');
  if (fromEnvironment) return fromEnvironment;
  for (let object: Loaded | undefined = requester; object; object = object.loader) {
    const { rpath, runpath } = object.elf.dynamic ?? {};
    const list = runpath ?? rpath;
    const found = list && look(directoriesOf(list, object), `${runpath === undefined ? 'rpath' : 'runpath'} of ${path.posix.basename(object.path)}`);
    if (found) return found;
  }
  return look(systemDirectories(program.elf.interpreter, setting), 'default directory') ?? { searched };
}

/**
 * The directories that an object's DT_RPATH or DT_RUNPATH names. `$ORIGIN` is the only token: where another one is in
 * it, the list is void.
 */
function directoriesOf(list: string, object: Pick<Loaded, 'path' | 'real' | 'loader'>): string[] {
  const origin = path.posix.dirname(object.loader ? object.path : object.real);
  const isVoid = /\$(?!ORIGIN|\{ORIGIN\})/.test(list);
  return searchEntries(list, /[:\n]/, object.path).map((entry) => (isVoid ? '' : entry.replaceAll(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin)));
}

/**
 * The default directories: what a file lists, or else those that are built in. The file lies below the prefix that musl was
 * installed for: the path by which the program names the loader, less its last two components.
 */
export function systemDirectories(interpreter: string | undefined, { files, pathFile }: Setting): readonly string[] {
  const prefix = interpreter?.startsWith('/') ? interpreter.split('/').slice(0, -2).join('/') : '';
  const real = files.real(prefix + pathFile);
  if (real === undefined) return DEFAULTS;
  return files.status(real)?.type === 'directory' ? [] : searchEntries(files.read(real, LIMITS.loaderConfiguration).toString('latin1'), /[:\n]/, real);
}

/**
 * Opens a candidate.
 *
 * @returns `undefined` where nothing stands there
 * @throws UnloadableError for what is no library of this machine
 */
function open(file: string, reason: string, setting: Pick<Setting, 'files' | 'machine'>): Found | undefined {
  const real = setting.files.real(file);
  const type = real === undefined ? undefined : setting.files.status(real)?.type;
  if (real === undefined || type === undefined) return undefined;
  if (type !== 'file') throw new UnloadableError(`${printableName(file)} is no library: a ${type === 'directory' ? 'directory' : 'special file'}`);
  const { elf, size } = setting.files.content(real);
  if (elf === undefined || elf instanceof FormatError) throw new UnloadableError(`${printableName(file)} is no library: ${elf?.message ?? (size === 0 ? 'an empty file' : 'not an ELF file')}`);
  if (elf.machine !== setting.machine) throw new UnloadableError(`${printableName(file)} is a library for ${elf.machine}, and musl looks no further; expected one for ${setting.machine}`);
  if (elf.type !== 'shared' && elf.type !== 'executable') throw new UnloadableError(`${printableName(file)} is no library: a ${elf.type} ELF file`);
  return { path: file, real, elf, reason };
}
