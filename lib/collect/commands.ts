/**
 * Commands that packed files start by their bare names. A word is weak evidence, so it counts only if the package database says
 * that the file may start commands of that package.
 */
import * as path from 'path';
import { NOT_WORLD_READABLE } from './add-files';
import { needOf } from './need';
import { startedIn } from './command-words';
import type { Context } from './context';
import { ownersOf } from './context';
import { isDocumentation } from './non-runtime';
import { addProgram } from './programs';
import type { RequestedPackages } from './requested-packages';
import { isForDevelopment, recommends } from './requested-packages';
import type { CurrentSelection, Pending, Selection } from './selection';
import { findProgram } from '../closure/find';
import { FormatError, isProgram } from '../elf';
import type { Package } from '../packages/package';

/** Shorter words of a program are mostly no commands. */
const FEWEST_CHARACTERS = 3;

/** Begins the reason why a command is not packed that belongs to a package which is only suggested; the program's path follows. */
export const SUGGESTED = 'its package is only suggested by that of ';

/** Adds the commands that a file starts; in the layer they are on PATH. */
export function addStartedCommands({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const may = mayStart(file, selection, context);
  if (!may) return delta;
  const { root, commandsOnPath } = context;
  const words = startedIn(file, root.content(file), (use) => root.scan(file, use), isModuleOfScript(file, context));
  const started = [...words].flatMap((word): [name: string, found: string][] => {
    const found = commandsOnPath.get(word);
    return found !== undefined && root.isFile(found) && ownersOf(found, context).some(may) ? [[word, found]] : [];
  });
  if (context.requestedPrograms.has(file)) skipSuggested(words, file, delta, context);
  if (started.length > 0) delta.starting.add(file);
  for (const [name, found] of started) {
    if (delta.commands.has(name)) continue;
    if (isOfNeededPackage(found, file, delta, context)) delta.merge(addCommand(name, found, file, delta, context));
    else deferCommand(name, found, file, delta, context);
  }
  return delta;
}

/** True if requested packages need or recommend a command's package. Scripts that no package owns do not state dependencies. */
function isOfNeededPackage(found: string, file: string, { requested }: CurrentSelection, context: Context): boolean {
  return isUsersScript(file, context) || ownersOf(found, context).some((owner) => needOf(owner, requested) !== 'add-on');
}

/** States which commands of packages that a program's package only suggests are not packed. */
function skipSuggested(words: Iterable<string>, file: string, delta: Selection, context: Context): void {
  const { packages, commandsOnPath, dependencies, root } = context;
  const owner = packages.ownerOf(file);
  const suggested = (owner?.suggests ?? []).map((name) => packages.get(name)).filter((one) => one !== undefined);
  if (suggested.length === 0) return;
  const isSuggested = (one: Package) => !one.isEssential && !delta.requested.reachable().has(one) && suggested.some((start) => dependencies.of(start).has(one));
  for (const word of words) {
    if (word.length < FEWEST_CHARACTERS) continue;
    const found = commandsOnPath.get(word);
    if (found !== undefined && root.isFile(found) && ownersOf(found, context).some(isSuggested)) delta.skip(found, `${SUGGESTED}${file}`);
  }
}

function deferCommand(name: string, found: string, file: string, delta: Selection, context: Context): void {
  const why = { reason: `started by ${path.posix.basename(file)}`, through: file };
  const add = (fork: Selection) => {
    if (!fork.commands.has(name)) fork.merge(addCommand(name, found, file, fork, context));
    return [];
  };
  delta.defer({ path: found, need: 'add-on', group: found, why, add });
}

/**
 * Adds a command, or the reason why it is skipped.
 *
 * @param found its path
 * @param file the resolved path of the file that starts it
 */
export function addCommand(name: string, found: string, file: string, selection: CurrentSelection, context: Context): Selection {
  const { root, searchPath, isExcluded } = context;
  const skip = (problem: string) => {
    const delta = selection.fork();
    delta.skip(found, `started by ${file}, but ${problem}`);
    return delta;
  };
  const real = root.real(found)!;
  if (isExcluded(real)) {
    const delta = skip('excluded');
    delta.excluded.add(real);
    return delta;
  }
  if (!root.isPublic(real)) return skip(NOT_WORLD_READABLE);
  const delta = selection.fork();
  try {
    const program = findProgram(root, found, searchPath, '/');
    const interpreters = program.interpreter ? ownersOf(program.interpreter.program.path, context) : [];
    if (interpreters.some((one) => !one.isEssential && !selection.requested.needs(one))) {
      return skip(`no package needs its interpreter ${program.interpreter!.program.path}`);
    }
    const starter = context.packages.ownerOf(file);
    const isRecommended = starter !== undefined && ownersOf(found, context).some((one) => recommends(starter, one));
    const why = { reason: `started by ${path.posix.basename(file)}`, through: file };
    addProgram(program, why, isUsersScript(file, context) ? 'program' : isRecommended ? 'recommended' : undefined, delta, context);
    delta.commands.set(name, program);
    return delta;
  } catch (error) {
    return skip((error as Error).message.split('\n')[0]);
  }
}

/**
 * The packages whose commands a file may start.
 *
 * @returns `undefined` for none
 */
export function mayStart(file: string, { requested }: CurrentSelection, context: Context): ((owner: Package) => boolean) | undefined {
  const { packages, root } = context;
  if (isDocumentation(file)) return undefined;
  if (isUsersScript(file, context)) return (one) => !one.isEssential;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !requested.isSibling(owner)) return undefined;
  const { kind, elf } = root.content(file);
  // scripts of development packages print flags for compilers
  const isSibling = (one: Package) => requested.isSibling(one) && (requested.has(one) || !isForDevelopment(one));
  if (kind === 'text') {
    const isDirect = (one: Package) => !one.isEssential && owner.depends.includes(one.name);
    return isModuleOfScript(file, context) ? (one) => isSibling(one) || isDirect(one) : isSibling;
  }
  const isExecutable = (root.status(file)!.mode & 0o111) !== 0;
  const isNeeded = (one: Package) => isSibling(one) || (requested.needs(one) && isDependency(one, owner, requested, context));
  // a script consists of commands; a binary program may mention many that it does not need
  if (kind === 'script') return isExecutable ? (one) => isNeeded(one) || recommends(owner, one) : undefined;
  return elf !== undefined && !(elf instanceof FormatError) && isProgram(elf) ? isNeeded : undefined;
}

/** Whether a file is of the same source package as a requested script: a package often has its code in modules, and a script that calls it. */
function isModuleOfScript(file: string, { requestedPrograms, packages }: Context): boolean {
  const source = packages.ownerOf(file)?.source;
  return source !== undefined && [...requestedPrograms].some(([real, { interpreter }]) => interpreter !== undefined && packages.ownerOf(real)?.source === source);
}

/** Whether a package, a requested one from the same source package, or one that every system has depends on another. */
function isDependency(other: Package, owner: Package, requested: RequestedPackages, { dependencies }: Context): boolean {
  return [...requested].some((one) => (one.source === owner.source || one.isEssential) && dependencies.of(one).has(other));
}

/** Whether a file is a requested script that no package owns: nothing states what it depends on. */
function isUsersScript(file: string, { requestedPrograms, root, packages }: Context): boolean {
  return requestedPrograms.has(file) && root.content(file).kind === 'script' && packages.ownerOf(file) === undefined;
}
