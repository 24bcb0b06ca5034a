/**
 * Commands that packed files start by their bare names. A word is weak evidence, so it counts only if the package database relates
 * the package of the file to the package of the command.
 */
import * as path from 'path';
import { hasWithOption, startedIn } from './command-words';
import { isOwnCommand, optionalCommands, SUGGESTED } from './optional-commands';
import { commandsRecommendedBy } from './recommended-commands';
import { sourcedBy } from './sourced';
import { isUsersScript, starterOf } from './starters';
import { isNamedAfter, UNRELATED, unrelatedCommands } from './unrelated-commands';
import { findProgram } from '../../closure/find';
import { NOT_WORLD_READABLE } from '../programs/add-files';
import { addProgram } from '../programs/programs';
import { withinMetapackages } from '../relations/metapackages';
import { needOf } from '../relations/need';
import { withOwnInterpreter } from '../relations/own-interpreter';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import type { Candidate, CurrentSelection, Pending, Selection } from '../selection/selection';
import type { Limit } from '../selection/size-budget';
import { NO_LIMIT, RECOMMENDED } from '../selection/size-budget';

/** Adds the commands that a file starts. In the layer, these commands are on PATH. */
export function addStartedCommands({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const starter = starterOf(file, selection, context);
  if (!starter) return undefined;
  const { script, role, mayStart, isModuleOfScript } = starter;
  const { root, commandsOnPath } = context;
  const { words, called, endings } = startedIn(file, root.content(file), (use) => root.scan(file, use), role);
  const recommended = recommendedCommands(file, context);
  const started = [...new Set([...words, ...recommended])].flatMap((word): [name: string, commandPath: string][] => {
    const commandPath = commandsOnPath.get(word);
    if (commandPath === undefined || !root.isFile(commandPath)) return [];
    return recommended.has(word) || ownersOf(commandPath, context).some(mayStart) ? [[word, commandPath]] : [];
  });
  const isRequested = context.requestedPrograms.has(file);
  const names = new Set(started.map(([name]) => name));
  const unrelated = unrelatedCommands([...called].filter((word) => !names.has(word)), file, context);
  const startsSuggested = isRequested || isOwnCommand(file, selection, context);
  if (started.length === 0 && unrelated.length === 0 && !startsSuggested) return undefined;
  const delta = selection.fork();
  if (startsSuggested) {
    const { small, suggested } = optionalCommands(file, words, endings, delta, context);
    for (const [name, commandPath] of small) deferCommand(name, commandPath, file, delta, context, RECOMMENDED);
    for (const commandPath of suggested) delta.skip(commandPath, `${SUGGESTED}${file}`);
  }
  for (const { name, commandPath, program } of unrelated) {
    if (isNamedAfter(file, program)) deferCommand(name, commandPath, file, delta, context, RECOMMENDED);
    else delta.skip(commandPath, `${UNRELATED}${program}`);
  }
  if (started.length > 0) {
    delta.starting.add(file);
    if (script !== undefined) delta.starting.add(script);
  }
  const isData = script === undefined && role === undefined && !isPartOfProgram(file, selection, context);
  for (const [name, commandPath] of started) {
    if (delta.commands.has(name)) continue;
    const isOptional = isData && ownersOf(commandPath, context).every((owner) => delta.requested.isSibling(owner));
    const isNeeded = !isOptional && !isModuleOfScript && isOfNeededPackage(commandPath, script ?? file, delta, context);
    if (isNeeded) delta.merge(addCommand(name, commandPath, file, delta, context));
    else if (isModuleOfScript) deferCommand(name, commandPath, file, delta, context, undefined, 'mentioned');
    else deferCommand(name, commandPath, file, delta, context, isOptional ? NO_LIMIT : undefined);
  }
  return delta;
}

/**
 * True for a binary, a requested program, a command that a packed file starts, and a file of a package that is requested for its modules.
 * Words in other files, such as configuration, are weak evidence: a package with many programs names most of its programs somewhere, and in
 * a full layer, data is of more use than these programs.
 */
function isPartOfProgram(file: string, { commands, requested }: CurrentSelection, context: Context): boolean {
  const { root, packages, requestedPrograms } = context;
  if (root.content(file).kind === 'elf' || requestedPrograms.has(file)) return true;
  const owner = packages.ownerOf(file);
  if (owner !== undefined && requested.reasonFor(owner) === 'module') return true;
  return [...commands.values()].some(({ real }) => real === file);
}

/** True if requested packages need or recommend a command's package, or if the file is a script without declared dependencies. */
function isOfNeededPackage(commandPath: string, file: string, { requested }: CurrentSelection, context: Context): boolean {
  return isUsersScript(file, context) || ownersOf(commandPath, context).some((owner) => needOf(owner, requested) !== 'add-on');
}

function deferCommand(
  name: string,
  commandPath: string,
  file: string,
  delta: Selection,
  context: Context,
  limit?: Limit,
  need: Candidate['need'] = 'add-on',
): void {
  const why = { reason: `started by ${path.posix.basename(file)}`, through: file };
  const add = (fork: Selection) => {
    if (!fork.commands.has(name)) fork.merge(addCommand(name, commandPath, file, fork, context));
    return [];
  };
  delta.defer({ path: commandPath, need, group: commandPath, limit, why, add, isCommand: true });
}

/**
 * Adds a command, or the reason why it is skipped.
 *
 * @param commandPath its path
 * @param file the resolved path of the file that starts it
 */
export function addCommand(name: string, commandPath: string, file: string, selection: CurrentSelection, context: Context): Selection {
  const { root, searchPath, isExcluded } = context;
  const skip = (problem: string) => {
    const delta = selection.fork();
    delta.skip(commandPath, `started by ${file}, but ${problem}`);
    return delta;
  };
  const real = root.real(commandPath)!;
  if (isExcluded(real)) {
    const delta = skip('excluded');
    delta.excluded.add(real);
    return delta;
  }
  if (!root.isPublic(real)) return skip(NOT_WORLD_READABLE);
  const delta = selection.fork();
  try {
    const program = withOwnInterpreter(findProgram(root, commandPath, searchPath, '/'), context);
    const interpreters = program.interpreter ? ownersOf(program.interpreter.program.path, context) : [];
    if (interpreters.some((pkg) => !pkg.isEssential && !selection.requested.needs(pkg))) {
      return skip(`no package needs its interpreter ${program.interpreter!.program.path}`);
    }
    const script = sourcedBy(file, selection, root) ?? file;
    const starter = context.packages.ownerOf(script);
    const recommended = starter === undefined ? [] : withinMetapackages(starter.recommends, context);
    const isRecommended = ownersOf(commandPath, context).some((pkg) => recommended.includes(pkg));
    const why = { reason: `started by ${path.posix.basename(file)}`, through: file };
    addProgram(program, why, isUsersScript(script, context) ? 'program' : isRecommended ? 'recommended' : undefined, delta, context);
    delta.commands.set(name, program);
    return delta;
  } catch (error) {
    return skip((error as Error).message.split('\n')[0]);
  }
}

/**
 * Names of commands in packages that the package of a requested binary recommends. Only those count that the binary contains
 * together with an option, such as `unzip -t`.
 */
function recommendedCommands(file: string, context: Context): ReadonlySet<string> {
  const { root, packages, requestedPrograms } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !requestedPrograms.has(file) || root.content(file).kind !== 'elf') return new Set();
  const names = commandsRecommendedBy(owner, context).map((command) => path.posix.basename(command.path));
  return new Set(names.length === 0 ? [] : root.scan(file, (bytes) => names.filter((name) => hasWithOption(bytes, name))));
}
