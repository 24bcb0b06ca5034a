/**
 * Files that are named after a program, such as `rig.fmt`. A directory for many programs may have such a file for each of them. Only the
 * files that are named after requested programs, or after commands that requested scripts start, are needed.
 */
import * as path from 'path';
import type { Context } from '../selection/context';
import type { CurrentSelection } from '../selection/selection';

/** Maximum number of names that are read from directories. */
const MOST_NAMES = 16_384;

/** Names of the requested programs, and of the commands that requested scripts start. */
export function namesOfPrograms(
  { commands, files }: CurrentSelection,
  { requestedPrograms, dispatchedNames }: Pick<Context, 'requestedPrograms' | 'dispatchedNames'>,
): ReadonlySet<string> {
  const names = new Set([...requestedPrograms.keys()].map((real) => path.posix.basename(real)).concat(...dispatchedNames));
  for (const [name, { real }] of commands) {
    const starter = files.get(real)?.through;
    if (starter !== undefined && requestedPrograms.get(starter)?.interpreter !== undefined) names.add(name);
  }
  return names;
}

/** @returns resolved paths of the files below a directory whose names without extension are in `names` */
export function namedAfterPrograms(directory: string, names: ReadonlySet<string>, { root }: Pick<Context, 'root'>): string[] {
  const found: string[] = [];
  const directories = root.isDirectory(directory) ? [directory] : [];
  let left = MOST_NAMES;
  for (const at of directories) {
    for (const name of root.names(at)) {
      if (--left < 0) return found;
      const child = path.posix.join(at, name);
      const type = root.status(child)?.type;
      if (type === 'directory') directories.push(child);
      else if (type === 'file' && names.has(path.posix.parse(name).name)) found.push(child);
    }
  }
  return found;
}

/**
 * @param names returns the result of `namesOfPrograms`. It is called only for a file that is named after a command
 * @returns a function that recognizes files for other programs. It returns true for `other.fmt` if `other` is a command that is not in
 *   `names`, and the directory has a file `rig.fmt`, with the same extension, for a `rig` in `names`
 */
export function namedAfterOthers(
  directory: string,
  names: () => ReadonlySet<string>,
  { root, commandsOnPath }: Pick<Context, 'root' | 'commandsOnPath'>,
): (file: string) => boolean {
  let kinds: ReadonlySet<string> | undefined;
  return (file) => {
    const { name, ext } = path.posix.parse(file);
    if (ext === '' || commandsOnPath.get(name) === undefined || names().has(name)) return false;
    kinds ??= new Set(namedAfterPrograms(directory, names(), { root }).map((namesake) => path.posix.extname(namesake)));
    return kinds.has(ext);
  };
}
