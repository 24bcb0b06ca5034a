/**
 * The library of a self-built program in its installation prefix: for PREFIX/bin/python3.11, PREFIX/lib/python3.11 is its
 * standard library. Version managers and `make install` lay out interpreters so, and these find it by their own path.
 */
import * as path from 'path';
import { addSelfBuilt } from './add-files';
import type { Context } from './context';
import { isForLinking } from './non-runtime';
import { takeFile } from './processes';
import type { CurrentSelection, Pending, Selection } from './selection';
import { excessOf, isSelfBuilt, MOST_MEGABYTES } from './self-built';
import { withoutTrailing } from '../text/trailing';

/** Directories of a prefix in which a program has a directory of its name. */
const LIBRARIES = ['lib', 'lib64', 'libexec', 'share'];
/** Directories in a standard library that add-on modules are installed into. */
const ADD_ONS = ['site-packages', 'dist-packages', 'site_perl', 'site_ruby', 'gems'];
/** Tests of a standard library: programs do not load them. */
const TESTS = ['test', 'tests'];

export function addPrefixLibrary({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, requestedPrograms } = context;
  const isStarted = [...requestedPrograms.values()].some((program) => program.real === file || program.interpreter?.program.real === file);
  if (!isStarted || root.content(file).kind !== 'elf' || !isSelfBuilt(file, context)) return undefined;
  if (path.posix.basename(path.posix.dirname(file)) !== 'bin') return undefined;
  const delta = selection.fork();
  const prefix = path.posix.dirname(path.posix.dirname(file));
  for (const name of LIBRARIES) {
    const parent = root.real(path.posix.join(prefix, name));
    if (parent === undefined) continue;
    for (const entry of root.names(parent)) {
      const directory = path.posix.join(parent, entry);
      const isOwn = isOfProgram(entry, path.posix.basename(file)) && root.isDirectory(directory);
      if (isOwn && context.packages.ownerOf(directory) === undefined) addLibrary(directory, file, delta, context);
    }
  }
  return delta;
}

/** True if a directory is named after a program: `python3.11` and `perl5` after `python3.11` and `perl`, but not `python3.9`. */
function isOfProgram(directory: string, program: string): boolean {
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
  for (const addOn of addOns) {
    const added = delta.fork();
    const files = addSelfBuilt(addOn, directory, why, added, context, (child) => !isForLinking(child));
    for (const real of files) takeFile(real, program, added, context);
    const excess = excessOf(added, delta, context);
    if (excess === undefined) {
      delta.merge(added);
      continue;
    }
    delta.skip(addOn, `would add ${Math.round(excess / 1e6)} MB`);
    delta.notices.add([
      `${addOn} is not packed: its ${Math.round(excess / 1e6)} MB are more than the ${MOST_MEGABYTES} MB for modules beside ${program},`,
      'or than fit into the layer;',
      'name the modules that are needed in include',
    ].join(' '));
  }
}
