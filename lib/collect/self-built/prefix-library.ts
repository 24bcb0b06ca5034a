/**
 * The library of a self-built program in its installation prefix, such as PREFIX/lib/python3.11, the standard library of
 * PREFIX/bin/python3.11. Version managers and `make install` use this layout. Interpreters find their library by their own path.
 *
 * Also adds modules that administrators install for a packaged interpreter, with `sudo pip install`, for example: a self-built script
 * whose interpreter is /usr/bin/python3.11 can load modules from /usr/local/lib/python3.11 (Filesystem Hierarchy Standard 3.0, 4.9).
 */
import * as path from 'path';
import { addWithinBudget } from './add-within-budget';
import { isSelfBuilt, MOST_MEGABYTES } from './self-built';
import { isProgram } from '../../elf';
import { withoutTrailing } from '../../text/trailing';
import { isForLinking } from '../kinds/non-runtime';
import { addSelfBuilt } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Directories of a prefix that may contain a directory named after a program. */
const LIBRARIES = ['lib', 'lib64', 'libexec', 'share'];
/** Directories in a standard library that add-on modules are installed into. */
const ADD_ONS = ['site-packages', 'dist-packages', 'site_perl', 'site_ruby', 'gems'];
/** Tests of a standard library: programs do not load them. */
const TESTS = ['test', 'tests'];

/** The prefix that administrators install into. */
const LOCAL = '/usr/local';

export function addPrefixLibrary({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, requestedPrograms } = context;
  const addLibraries = (prefix: string, add: typeof addAddOn) => {
    const delta = selection.fork();
    for (const directory of librariesOf(file, prefix, context)) add(directory, file, delta, context);
    return delta;
  };
  if (isSelfBuilt(file, context)) {
    const isInterpreter = [...requestedPrograms.values()].some(({ interpreter }) => interpreter?.program.real === file);
    if (!(requestedPrograms.has(file) || isInterpreter) || path.posix.basename(path.posix.dirname(file)) !== 'bin') return undefined;
    const add = root.content(file).kind === 'elf' ? addLibrary : addAddOn;
    return addLibraries(path.posix.dirname(path.posix.dirname(file)), add);
  }
  return isOfInterpreter(file, context) ? addLibraries(LOCAL, addAddOn) : undefined;
}

/** True if a file is a program from the source package of a self-built script's interpreter. */
function isOfInterpreter(file: string, context: Context): boolean {
  const sources = interpreterSources(context);
  if (sources.size === 0) return false;
  const source = context.packages.ownerOf(file)?.source;
  const { elf } = context.root.content(file);
  return source !== undefined && sources.has(source) && elf !== undefined && isProgram(elf);
}

const knownSources = new WeakMap<Context['requestedPrograms'], ReadonlySet<string>>();

/** The source packages of the interpreters of self-built scripts. */
function interpreterSources(context: Context): ReadonlySet<string> {
  const { packages, requestedPrograms } = context;
  const known = knownSources.get(requestedPrograms);
  if (known) return known;
  const sources = [...requestedPrograms].flatMap(([script, { interpreter }]) => (
    interpreter !== undefined && isSelfBuilt(script, context) ? packages.ownerOf(interpreter.program.real)?.source ?? [] : []));
  const found = new Set(sources);
  knownSources.set(requestedPrograms, found);
  return found;
}

/** The directories of a prefix that are named after a program and that no package owns. */
function librariesOf(program: string, prefix: string, { root, packages }: Context): string[] {
  const parents = LIBRARIES.map((name) => path.posix.join(prefix, name));
  const multiarch = root.names(root.real(parents[0]) ?? parents[0]).filter((name) => name.includes('-linux-'));
  parents.push(...multiarch.map((name) => path.posix.join(parents[0], name)));
  return parents.flatMap((parent) => {
    const real = root.real(parent);
    const directories = real === undefined ? [] : root.names(real).map((name) => path.posix.join(real, name));
    return directories.filter((directory) => (
      isOfProgram(path.posix.basename(directory), path.posix.parse(program)) &&
      root.isDirectory(directory) && packages.ownerOf(directory) === undefined));
  });
}

/** True if a directory is named after a program: `python3.11` after `python3.11`, `perl5` after `perl`, `rig` after `rig.py`. */
function isOfProgram(directory: string, { base, name }: Pick<path.ParsedPath, 'base' | 'name'>): boolean {
  return isOfName(directory, base) || isOfName(directory, name);
}

/**
 * True if the names are equal and the versions do not conflict: one of them has no version, or the directory's version is the beginning of
 * the program's. For the program `python3.11`, the directory `python3` matches, and `python3.9` does not.
 */
function isOfName(directory: string, program: string): boolean {
  const [one, other] = [directory, program].map((name) => withoutTrailing(name, '0123456789.-'));
  if (one !== other || one === '') return false;
  const [of, version] = [directory.slice(one.length), program.slice(other.length)];
  return of === '' || version === '' || of === version || `${version}.`.startsWith(`${of}.`);
}

function addLibrary(directory: string, program: string, delta: Selection, context: Context): void {
  const why = { reason: `library of ${path.posix.basename(program)}`, through: program, rule: 'in its installation prefix' };
  const addOns: string[] = [];
  const accept = (child: string) => {
    const name = path.posix.basename(child);
    if (isForLinking(child) || (TESTS.includes(name) && path.posix.dirname(child) === directory)) return false;
    if (!ADD_ONS.includes(name)) return true;
    addOns.push(child);
    return false;
  };
  for (const real of addSelfBuilt(directory, directory, why, delta, context, accept)) takeFile(real, program, delta, context);
  for (const addOn of addOns) addAddOn(addOn, program, delta, context);
}

/** Adds a directory with modules of a program. If the directory exceeds the size budget, adds a notice instead. */
function addAddOn(addOn: string, program: string, delta: Selection, context: Context): void {
  const why = { reason: `library of ${path.posix.basename(program)}`, through: program, rule: 'in its installation prefix' };
  const excess = addWithinBudget(addOn, addOn, why, program, delta, context);
  if (excess === undefined) return;
  delta.skip(addOn, `would add ${Math.round(excess / 1e6)} MB`);
  delta.notices.add([
    `${addOn} is not packed: its ${Math.round(excess / 1e6)} MB exceed the ${MOST_MEGABYTES} MB for modules beside ${program},`,
    'or the space that is left in the layer;',
    'name the modules that are needed in include',
  ].join(' '));
}
