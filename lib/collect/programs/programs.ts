/**
 * Adds programs with their closures and the data of their packages: the requested programs, and the commands that packed files start.
 */
import * as path from 'path';
import { addFile } from './add-files';
import { addPackageData, deferPackageData, findPackageData } from './package-data';
import { startProcess } from './processes';
import { isWrapper } from './wrapper';
import type { Program } from '../../closure/find';
import { load } from '../../closure/program';
import type { Package } from '../../packages/package';
import { unitOf } from '../../root/standard';
import { bundledModules, dependsOnOne, isForModules } from '../relations/interpreter-modules';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import { OF_DECLARED_MODULE, OF_IMPORTED_MODULE } from '../selection/module-distance';
import type { RequestReason } from '../selection/requested-packages';
import { dependenciesOf, isForDevelopment } from '../selection/requested-packages';
import type { Candidate, Selection, Why } from '../selection/selection';

/** Adds a program that the user requests. */
export function addRequestedProgram(program: Program, delta: Selection, context: Context): void {
  addProgram(program, { reason: 'requested' }, 'program', delta, context);
}

/**
 * Adds a program.
 *
 * @param requestReason the reason for which the program's package counts as requested. It applies if the requested packages do not need
 *   the package; `program` always applies. With `undefined`, a package that they do not need does not count as requested: its data is not
 *   packed, and the size budget limits the files that the program mentions
 * @throws the errors of `load` and `startProcess`, such as MissingLibraryError
 */
export function addProgram(
  program: Program,
  why: Why,
  requestReason: RequestReason | undefined,
  delta: Selection,
  context: Context,
): void {
  const { real, elf, interpreter } = program;
  addFile(program.path, why, delta, context.root);
  // a helper program may already have a process, with plug-ins, which is kept. `onFound` is called before the slower work on packages
  const process = elf && !delta.processes.has(real) ? load(real, elf, context.setting) : undefined;
  if (process) context.onFound?.(process.objects.map((object) => object.real));
  const opener = interpreter ? interpreter.program.real : real;
  const user: User = { through: real, opener, interpreters: interpreter ? interpretersOf(program, context) : [] };
  const owners = ownersOf(program.path, context).flatMap((owner) => {
    const reason = requestReasonFor(owner, requestReason, delta);
    return reason ? [{ owner, reason, newPackages: markRequested(owner, reason, delta) }] : [];
  });
  const added = owners.flatMap(({ newPackages, reason }) => newPackages.map((pkg) => ({ pkg, reason })));
  const addedPackages = added.map(({ pkg }) => pkg);
  const isExtensible = why.through === undefined && (elf !== undefined || isWrapper(program, addedPackages, context));
  if (isExtensible) delta.requested = delta.requested.extending(addedPackages);
  if (process) startProcess(process, delta, context);
  const ofScript = { reason: `interpreter of ${path.posix.basename(real)}`, through: real };
  if (interpreter) addProgram(interpreter.program, ofScript, requestReason, delta, context);
  if (why.through === undefined && elf && context.detectData) addBundledModules(user, addedPackages, delta, context);
  if (requestReason === 'program' && delta.requested.isTight && context.detectData) addStandardLibrary(user, delta, context);
  delta.enqueue(real, elf ? real : undefined);
  if (!context.detectData) return;
  for (const { pkg, reason } of added) {
    if (reason === 'recommended') deferPackageData(pkg, real, opener, delta, context);
    else addPackageData(pkg, real, opener, delta, context);
  }
  for (const { owner, reason, newPackages } of owners) {
    for (const pkg of new Set([owner, ...newPackages])) {
      if (reason === 'recommended') deferModules(pkg, 'recommended', user, delta, context);
      else addModules(pkg, user, delta, context);
    }
  }
}

/**
 * The packages of a script's interpreter. If no package owns the interpreter, for example because it is in `/usr/local`, these are the
 * dependencies of the script's package that have a command with the interpreter's name: the script's modules are installed for that
 * command.
 */
function interpretersOf({ path: script, interpreter }: Program, context: Context): readonly Package[] {
  const { searchPath, root, dependencies } = context;
  const { path: started } = interpreter!.program;
  const owners = ownersOf(started, context);
  if (owners.length > 0) return owners;
  const needed = new Set(ownersOf(script, context).flatMap((owner) => [...dependencies.of(owner)]));
  const commands = searchPath.map((directory) => path.posix.join(directory, path.posix.basename(started)));
  return commands.filter((command) => root.isFile(command))
    .flatMap((command) => ownersOf(command, context)).filter((owner) => needed.has(owner));
}

/** @param otherwise the reason if requested packages do not need the package. `program` applies even if they need it */
function requestReasonFor(
  owner: Package,
  otherwise: RequestReason | undefined,
  { requested }: Selection,
): RequestReason | undefined {
  if (!requested.needs(owner) || otherwise === 'program') return otherwise;
  if (requested.isTight) return 'recommended';
  return requested.requiresStrongly(owner) ? 'program' : 'recommended';
}

/** Marks a package as requested. @returns the packages that were not requested before */
function markRequested(owner: Package, reason: RequestReason, delta: Selection): readonly Package[] {
  const newPackages = delta.requested.newWith(owner, reason);
  delta.requested = delta.requested.with(newPackages, reason);
  return newPackages;
}

/** A program that opens data of packages. */
interface User {
  /** resolved path of the program, or of its file that imports the modules */
  readonly through: string;
  /** resolved path of the program whose process opens the data: for a script, its interpreter */
  readonly opener: string;
  /** the packages that own its interpreter, empty if it has none */
  readonly interpreters: readonly Package[];
}

/** For a tight layer: adds those sibling packages of an interpreter that requested packages need. Without these, no script starts. */
function addStandardLibrary({ interpreters, through, opener }: User, delta: Selection, context: Context): void {
  for (const pkg of interpreters.flatMap(({ source }) => context.packages.builtFrom(source))) {
    if (isForDevelopment(pkg) || !delta.requested.needs(pkg)) continue;
    for (const newPackage of markRequested(pkg, 'program', delta)) addPackageData(newPackage, through, opener, delta, context);
  }
}

/**
 * Adds modules that the packages of a requested interpreter depend on and that depend on the interpreter themselves, such as Ruby's bundled
 * gems: upstream releases them with Ruby, and Debian packages them separately. Other modules in the same directories are add-ons.
 */
function addBundledModules(user: User, interpreters: readonly Package[], delta: Selection, context: Context): void {
  const modules = bundledModules(interpreters, context);
  if (modules.length === 0) return;
  delta.requested = delta.requested.extending(modules);
  addModulePackages(modules, OF_DECLARED_MODULE, { ...user, interpreters }, delta, context);
}

/** Adds the modules of a script, and defers the modules that these depend on. */
function addModules(owner: Package, user: User, delta: Selection, context: Context): void {
  addModulePackages(modulesOf(owner, user, context), OF_DECLARED_MODULE, user, delta, context);
}

/**
 * Adds packages of modules that a script imports.
 *
 * @param file the resolved path of the file that imports them
 */
export function addImported(modules: readonly Package[], script: Program, file: string, delta: Selection, context: Context): void {
  const { program } = script.interpreter!;
  const user = { through: file, opener: program.real, interpreters: ownersOf(program.path, context) };
  addModulePackages(modules, OF_IMPORTED_MODULE, user, delta, context);
}

/** @param next distance of the modules that `modules` depend on: see module-distance.ts */
function addModulePackages(modules: readonly Package[], next: number, user: User, delta: Selection, context: Context): void {
  if (delta.requested.isTight) {
    for (const pkg of modules) deferModule(pkg, 'mentioned', user, delta, context, 0, next);
    return;
  }
  for (const pkg of modules) {
    const newPackages = markRequested(pkg, 'module', delta);
    for (const newPackage of newPackages) addPackageData(newPackage, user.through, user.opener, delta, context);
    for (const newPackage of newPackages) deferModules(newPackage, 'mentioned', user, delta, context, next);
  }
}

/** Defers modules that a program may never load. Each is packed as a whole or not at all, in the order that candidate-groups.ts defines. */
function deferModules(
  owner: Package,
  need: Candidate['need'],
  user: User,
  delta: Selection,
  context: Context,
  distance = OF_DECLARED_MODULE,
): void {
  for (const pkg of modulesOf(owner, user, context)) deferModule(pkg, need, user, delta, context, distance);
}

/**
 * @param distance see `Candidate`
 * @param next distance of the modules that `pkg` depends on
 */
function deferModule(
  pkg: Package,
  need: Candidate['need'],
  user: User,
  delta: Selection,
  context: Context,
  distance: number,
  next = distance + 1,
): void {
  const { through, opener } = user;
  const requestReason = need === 'recommended' ? 'recommended' : 'module';
  if (delta.requested.newWith(pkg, requestReason).length === 0) return;
  const add = (fork: Selection) => {
    const newPackages = markRequested(pkg, requestReason, fork);
    const files = newPackages.flatMap((newPackage) => findPackageData(newPackage, through, opener, fork, context));
    for (const newPackage of newPackages) deferModules(newPackage, need, user, fork, context, next);
    return files;
  };
  const why = { reason: `of package ${pkg.name}`, through };
  // a module cannot be loaded if another part of its package is missing
  delta.defer({ path: pkg.name, need, group: pkg.name, isWhole: true, distance, why, program: opener, add });
}

/** Dependencies of a package that depend on the interpreter, or that have files in a directory of the interpreter's modules. */
function modulesOf(owner: Package, { interpreters }: User, context: Context): Package[] {
  if (interpreters.length === 0) return [];
  const { packages, packageFiles } = context;
  const isOfModules = isForModules(interpreters, context);
  return dependenciesOf(owner, packages).filter((dependency) => {
    if (isForDevelopment(dependency)) return false;
    if (dependsOnOne(dependency, interpreters, packages)) return true;
    return [...new Set(packageFiles.data(dependency).map(unitOf))].some(isOfModules);
  });
}
