/**
 * Implementations behind a dispatcher. For example, `/usr/bin/pg_dump` and many other commands are links to one script. The script starts
 * the program with the requested name in a directory for a version, such as `/usr/lib/postgresql/15/bin`.
 *
 * An executable with the requested name counts as an implementation if it is below a directory that a file of the dispatcher's source
 * package mentions.
 */
import * as path from 'path';
import { findProgram } from '../../closure/find';
import type { Root } from '../../root/root';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';
import { NOT_WORLD_READABLE } from '../programs/add-files';
import { addProgram } from '../programs/programs';
import { withOwnInterpreter } from '../relations/own-interpreter';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Levels below the mentioned directory: a version, `bin`, and the program. */
const MOST_LEVELS = 3;
/** Maximum number of directory entries that are looked at. */
const MOST_NAMES = 4096;

export function addDispatched({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages, dispatchedNames } = context;
  const owner = dispatchedNames.size === 0 ? undefined : packages.ownerOf(file);
  if (owner === undefined || !selection.requested.isSibling(owner)) return undefined;
  const delta = selection.fork();
  for (const { path: mentioned } of root.content(file).mentions) {
    const directory = root.real(mentioned);
    if (directory === undefined || !root.isDirectory(directory) || isStandardDirectory(directory) || isCommandDirectory(directory)) {
      continue;
    }
    for (const implementation of named(dispatchedNames, directory, context)) {
      if (delta.files.has(implementation)) continue;
      const reason = `started by ${path.posix.basename(file)} when called as ${path.posix.basename(implementation)}`;
      delta.merge(addImplementation(implementation, file, reason, delta, context));
    }
  }
  return delta;
}

/**
 * Adds the program that a script starts instead of doing the work itself. The package of the program counts as requested.
 *
 * @param implementation path of the program
 * @param file the resolved path of the script
 */
export function addImplementation(
  implementation: string,
  file: string,
  reason: string,
  selection: CurrentSelection,
  context: Context,
): Selection {
  const delta = selection.fork();
  if (context.isExcluded(implementation)) {
    delta.skip(implementation, `started by ${file}, but excluded`);
    delta.excluded.add(implementation);
    return delta;
  }
  try {
    if (!context.root.isPublic(implementation)) throw new Error(NOT_WORLD_READABLE);
    const program = withOwnInterpreter(findProgram(context.root, implementation, context.searchPath, '/'), context);
    addProgram(program, { reason, through: file }, 'program', delta, context);
    return delta;
  } catch (error) {
    const skipped = selection.fork();
    skipped.skip(implementation, `started by ${file}, but ${(error as Error).message.split('\n')[0]}`);
    return skipped;
  }
}

/** Cached, because hundreds of modules may mention the same directory. */
const implementations = cacheByRoot<readonly string[]>();

/** Executables with one of the names, a few levels below a directory. */
function named(names: ReadonlySet<string>, top: string, { root }: Context): readonly string[] {
  return implementations(root, JSON.stringify([top, ...names]), () => findNamed(names, top, root));
}

function findNamed(names: ReadonlySet<string>, top: string, root: Root): string[] {
  const found: string[] = [];
  let left = MOST_NAMES;
  const level = (directories: readonly string[]) => {
    const below: string[] = [];
    for (const directory of directories) {
      for (const name of root.names(directory)) {
        if (--left < 0) return [];
        const entry = path.posix.join(directory, name);
        const status = root.status(entry);
        if (status?.type === 'directory') below.push(entry);
        else if (names.has(name) && status?.type === 'file' && (status.mode & 0o111) !== 0) found.push(entry);
      }
    }
    return below;
  };
  let directories: readonly string[] = [top];
  for (let depth = 0; depth < MOST_LEVELS && directories.length > 0; depth++) directories = level(directories);
  return found;
}
