/**
 * Programs with their closures and the data of their packages: the requested ones, and the commands that these start.
 */
import * as path from 'path';
import { addFile } from './add-files';
import type { Context } from './context';
import { ownersOf } from './context';
import { addPackageData } from './package-data';
import { startProcess } from './processes';
import { dependenciesOf, isForDevelopment, isNamedAfter } from './requested-packages';
import type { Selection, Why } from './selection';
import type { Program } from '../closure/find';
import type { Package } from '../packages/package';
import { unitOf } from '../root/standard';

/** Adds a program that the user requests. */
export function addRequestedProgram(program: Program, delta: Selection, context: Context): void {
  addProgram(program, { reason: 'requested' }, true, delta, context);
}

/**
 * Adds a program.
 *
 * @param isRequired whether its package counts as requested in any case; if not, only if requested packages need it, since the
 *   files of its package would lift the size budget of what they mention
 * @throws MissingLibraryError and the like: see `startProcess`
 */
export function addProgram(program: Program, why: Why, isRequired: boolean, delta: Selection, context: Context): void {
  const { real, elf, interpreter } = program;
  addFile(program.path, why, delta, context.root);
  const owners = ownersOf(program.path, context).filter((owner) => isRequired || delta.requested.needs(owner));
  const adopted = owners.flatMap((owner) => adopt(owner, delta));
  if (why.through === undefined && elf) delta.requested = delta.requested.extending(adopted);
  // a helper that is a program of its own may run already, with plug-ins
  if (elf && !delta.processes.has(real)) startProcess(real, elf, delta, context);
  const ofScript = { reason: `interpreter of ${path.posix.basename(real)}`, through: real };
  if (interpreter) addProgram(interpreter.program, ofScript, isRequired, delta, context);
  const opener = interpreter ? interpreter.program.real : real;
  delta.enqueue(real, elf ? real : undefined);
  if (!context.detectData) return;
  for (const owner of adopted) addPackageData(owner, real, opener, delta, context);
  if (!interpreter) return;
  const interpreters = ownersOf(interpreter.program.path, context);
  for (const owner of owners) addModules(owner, interpreters, { through: real, opener }, delta, context);
}

/** Makes a package requested. @returns the packages that are newly so */
function adopt(owner: Package, delta: Selection): readonly Package[] {
  const adopted = delta.requested.newWith(owner);
  delta.requested = delta.requested.with(adopted);
  return adopted;
}

/** Dependencies of a script's package that depend on the interpreter, or have files in a directory with its name, are the script's modules. */
function addModules(
  owner: Package,
  interpreters: readonly Package[],
  script: { readonly through: string; readonly opener: string },
  delta: Selection,
  context: Context,
): void {
  const seen = new Set<Package>();
  // each with its own dependencies before the next; dependencies can be chained to any depth
  const waiting = dependenciesOf(owner, context.packages).reverse();
  for (let dependency; (dependency = waiting.pop()); ) {
    if (seen.has(dependency)) continue;
    seen.add(dependency);
    if (!isModule(dependency, interpreters, context)) continue;
    for (const adopted of adopt(dependency, delta)) addPackageData(adopted, script.through, script.opener, delta, context);
    for (const one of dependenciesOf(dependency, context.packages).reverse()) waiting.push(one);
  }
}

function isModule(dependency: Package, interpreters: readonly Package[], { packages, packageFiles }: Context): boolean {
  if (isForDevelopment(dependency)) return false;
  const isOfInterpreter = ({ source }: Package) => interpreters.some((one) => one.source === source);
  if (dependenciesOf(dependency, packages).some(isOfInterpreter)) return true;
  const units = new Set(packageFiles.data(dependency).map(unitOf));
  return [...units].some((unit) => interpreters.some((one) => isNamedAfter(unit, one)));
}
