/**
 * Files that have the name of a program, such as `rig.fmt`: a directory for many programs may have one for each of them. Those of the
 * requested programs, and of the commands that these start, are needed, and those of other commands are not.
 */
import * as path from 'path';
import type { Context } from '../selection/context';
import type { CurrentSelection } from '../selection/selection';

/** Names of directories that are looked through. */
const MOST_NAMES = 16_384;

/** Names of the requested programs, and of the commands that these start. */
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

/** @returns resolved paths of the files below a directory that have one of the names, apart from their extension */
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
 * @param names see `namesOfPrograms`
 * @returns whether a file below the directory has the name of a command that is not among them, and another file of the same kind, by its
 *   extension, has the name of one that is
 */
export function namedAfterOthers(
  directory: string,
  names: ReadonlySet<string>,
  { root, commandsOnPath }: Pick<Context, 'root' | 'commandsOnPath'>,
): (file: string) => boolean {
  let kinds: ReadonlySet<string> | undefined;
  return (file) => {
    const { name, ext } = path.posix.parse(file);
    if (ext === '' || names.has(name) || commandsOnPath.get(name) === undefined) return false;
    kinds ??= new Set(namedAfterPrograms(directory, names, { root }).map((namesake) => path.posix.extname(namesake)));
    return kinds.has(ext);
  };
}
