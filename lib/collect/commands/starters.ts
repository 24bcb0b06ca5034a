/**
 * Which packed files start commands, and the packages of the commands that each may start.
 */
import { isCode, type Role } from './command-words';
import { commandPackagesOf, hasCommands } from './module-commands';
import { sourcedBy } from './sourced';
import { isProgram } from '../../elf';
import type { Package } from '../../packages/package';
import { isDocumentation } from '../kinds/non-runtime';
import { withinMetapackages } from '../relations/metapackages';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';
import { dependenciesOf, isForDevelopment } from '../selection/requested-packages';
import type { CurrentSelection } from '../selection/selection';

/** How a file starts commands. */
export interface Starter {
  /** the script that sources the file */
  readonly script?: string;
  readonly role?: Role;
  /**
   * true for a module that a requested script imports from another source package. The module's commands are optional, because the script
   * may not use everything that it imports
   */
  readonly isModuleOfScript?: boolean;
  /** whether the file may start the commands of a package */
  readonly mayStart: (owner: Package) => boolean;
}

/** @returns `undefined` if the file starts no command of any package */
export function starterOf(file: string, selection: CurrentSelection, context: Context): Starter | undefined {
  const { packages, root } = context;
  if (isDocumentation(file)) return undefined;
  const script = sourcedBy(file, selection, root);
  if (script !== undefined) {
    const starter = starterOf(script, selection, context);
    return starter && { script, role: 'sourced', mayStart: starter.mayStart };
  }
  if (isUsersScript(file, context)) return { role: 'self-built', mayStart: (pkg) => !pkg.isEssential };
  const owner = packages.ownerOf(file);
  const { requested } = selection;
  if (owner === undefined || !requested.isSibling(owner)) return undefined;
  const { kind, elf } = root.content(file);
  const role = isModule(file, selection, context) ? 'module' : undefined;
  // programs do not start the scripts of development packages, which print flags for compilers
  const isSibling = (pkg: Package) => requested.isSibling(pkg) && (requested.has(pkg) || !isForDevelopment(pkg));
  if (kind === 'text') {
    const used = role === undefined && requested.has(owner) && isCode(file) ? commandPackagesOf(owner, context) : undefined;
    if (used?.size) return { role: 'module', isModuleOfScript: true, mayStart: (pkg) => used.has(pkg) };
    if (role === undefined) return { mayStart: isSibling };
    const siblings = [...requested].filter(({ source }) => source === owner.source);
    const isDependedOn = (pkg: Package) => siblings.some(({ depends }) => withinMetapackages(depends, context).includes(pkg));
    return { role, mayStart: (pkg) => isSibling(pkg) || (!pkg.isEssential && isDependedOn(pkg)) };
  }
  const isExecutable = (root.status(file)!.mode & 0o111) !== 0;
  const isNeeded = (pkg: Package) => isSibling(pkg) || (requested.needs(pkg) && isDependency(pkg, owner, requested, context));
  // a script consists of commands, so recommended packages count, too; a binary program may mention many commands that it does not need
  if (kind === 'script') {
    if (!isExecutable) return undefined;
    const recommended = withinMetapackages(owner.recommends, context);
    return { role, mayStart: (pkg) => isNeeded(pkg) || recommended.includes(pkg) };
  }
  return elf !== undefined && isProgram(elf) ? { role, mayStart: isNeeded } : undefined;
}

/**
 * True if a file is from the same source package as a requested program. Many packages consist of modules and the program that loads them:
 * a script, or an interpreter of the package's own language. If the program is not a script, the file must also be code, and
 * `commandsOfDependencies` must be true for the source package.
 */
function isModule(file: string, { requested }: CurrentSelection, context: Context): boolean {
  const { requestedPrograms, packages } = context;
  const source = packages.ownerOf(file)?.source;
  if (source === undefined) return false;
  return [...requestedPrograms].some(([real, { interpreter }]) => {
    if (packages.ownerOf(real)?.source !== source) return false;
    return interpreter !== undefined || (isCode(file) && commandsOfDependencies(source, requested, context));
  });
}

/** True if a requested package of this source depends directly on a package of another source that has commands and is not essential. */
function commandsOfDependencies(source: string, requested: RequestedPackages, context: Context): boolean {
  return [...requested].some((one) => (
    one.source === source && dependenciesOf(one, context.packages).some((dependency) => hasCommands(dependency, one, context))));
}

/** True if a requested package that is essential, or from the source package of `owner`, depends on `other`. */
function isDependency(other: Package, owner: Package, requested: RequestedPackages, { dependencies }: Context): boolean {
  return [...requested].some((pkg) => (pkg.source === owner.source || pkg.isEssential) && dependencies.of(pkg).has(other));
}

/** True if a file is a requested script that no package owns. Its dependencies are not declared anywhere. */
export function isUsersScript(file: string, { requestedPrograms, root, packages }: Context): boolean {
  return requestedPrograms.has(file) && root.content(file).kind === 'script' && packages.ownerOf(file) === undefined;
}
