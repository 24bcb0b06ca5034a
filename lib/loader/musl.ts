/**
 * The library search of musl's dynamic loader, without running it.
 *
 * The rules are those of load_library in musl's ldso/dynlink.c, and `search` below applies them in the same order. musl does not skip a
 * file because of its class or architecture: it loads the first file with the name, or fails.
 */
import * as path from 'path';
import { openCandidate } from './candidate';
import type { Found, Loaded, LoaderRules, NotFound, Setting } from './search';
import { absolute, searchEntries, UnloadableError } from './search';
import { LIMITS } from '../limits';
import { printableName } from '../text/printable';

export const MUSL: LoaderRules = {
  libc: 'musl',
  search,
  open,
  directoriesOf,
  // the loader contains the C library with all of its parts
  isLoader: (name, loader) => /^lib(?:c|pthread|rt|m|dl|util|xnet)\./.test(name) || loader.name === name,
  answersTo: () => false,
  // musl keeps one name for each library (`shortname`): the one by which it was first searched for, never a path
  isKept: (name, object, names) => !name.includes('/') && ![...names.values()].includes(object),
  // dlopen uses the program's search path, whatever the caller
  opener: (_, program) => program,
  hasFilters: false,
  hasVersions: false,
};

/** The directories that the loader searches by default. A configuration file replaces them. */
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
    const found =
      list && look(directoriesOf(list, object), `${runpath === undefined ? 'rpath' : 'runpath'} of ${path.posix.basename(object.path)}`);
    if (found) return found;
  }
  return look(systemDirectories(program.elf.interpreter, setting), 'default directory') ?? { searched };
}

/**
 * The directories in an object's DT_RPATH or DT_RUNPATH. `$ORIGIN` is the only token: a list with any other token is
 * ignored.
 */
function directoriesOf(list: string, object: Pick<Loaded, 'path' | 'real' | 'loader'>): string[] {
  const origin = path.posix.dirname(object.loader ? object.path : object.real);
  const isVoid = /\$(?!ORIGIN|\{ORIGIN\})/.test(list);
  return searchEntries(list, /[:\n]/, object.path).map((entry) =>
    isVoid ? '' : entry.replaceAll(/\$(?:ORIGIN|\{ORIGIN\})/g, () => origin),
  );
}

/**
 * The default directories: those in the configuration file, or else the built-in ones. The file is below musl's installation
 * prefix, which is the path of the loader that the program names, without the last two components.
 */
export function systemDirectories(interpreter: string | undefined, { files, pathFile }: Setting): readonly string[] {
  const prefix = interpreter?.startsWith('/') ? interpreter.split('/').slice(0, -2).join('/') : '';
  const real = files.real(prefix + pathFile);
  if (real === undefined) return DEFAULTS;
  return files.status(real)?.type === 'directory'
    ? []
    : searchEntries(files.read(real, LIMITS.loaderConfiguration).toString('latin1'), /[:\n]/, real);
}

/**
 * Opens a candidate.
 *
 * @returns `undefined` if the file does not exist
 * @throws UnloadableError if the file is not a library for this architecture
 */
function open(file: string, reason: string, setting: Pick<Setting, 'files' | 'machine'>): Found | undefined {
  const found = openCandidate(file, reason, setting.files);
  if (found && found.elf.machine !== setting.machine) {
    throw new UnloadableError([
      `${printableName(file)} is a library for ${found.elf.machine}, expected one for ${setting.machine}; `,
      'musl uses the first file with the name',
    ].join(''));
  }
  return found;
}
