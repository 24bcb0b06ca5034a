/**
 * Commands that a requested program, or the code of a requested script, starts, and whose packages are unrelated to its own package.
 */
import * as path from 'path';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';

/** Start of the reason for skipping such a command. The path of the program or script follows. */
export const UNRELATED = 'its package is unrelated to that of ';

/** Directories of tests, which may start anything. */
const TESTS = /\/(?:[\w-]+_)?tests?\//;

interface Unrelated {
  readonly name: string;
  readonly commandPath: string;
  /** resolved path of the requested program, or of the requested script that the code belongs to */
  readonly program: string;
}

/**
 * The commands among `called` whose packages are not essential. None if the file is neither a requested program nor code from the source
 * package of a requested script.
 *
 * @param called the words in `StartedWords.called` that are not commands of packages related to the file's package
 */
export function unrelatedCommands(called: readonly string[], file: string, context: Context): Unrelated[] {
  const { packages, requestedPrograms, commandsOnPath, root } = context;
  if (called.length === 0 || TESTS.test(file)) return [];
  const source = packages.ownerOf(file)?.source;
  const scripts = [...requestedPrograms].filter(([, { interpreter }]) => interpreter !== undefined).map(([real]) => real);
  const program = requestedPrograms.has(file) ? file : scripts.find((real) => packages.ownerOf(real)?.source === source);
  if (program === undefined) return [];
  return called.flatMap((name) => {
    const commandPath = commandsOnPath.get(name);
    if (commandPath === undefined || !root.isFile(commandPath)) return [];
    return ownersOf(commandPath, context).some((owner) => !owner.isEssential) ? [{ name, commandPath, program }] : [];
  });
}

/** Whether code is in a directory with the name of a requested script: such code is very likely the script's own. */
export function isNamedAfter(file: string, program: string): boolean {
  return file !== program && path.posix.dirname(file).split('/').includes(path.posix.basename(program));
}
