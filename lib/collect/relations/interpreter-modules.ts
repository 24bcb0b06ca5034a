/**
 * Finds the packages of an interpreter's modules in the package database.
 */
import type { Package, PackageDatabase } from '../../packages/package';
import type { Context } from '../selection/context';
import { dependenciesOf, isForDevelopment, isNamedAfter } from '../selection/requested-packages';

type Facts = Pick<Context, 'packages' | 'packageFiles'>;

/**
 * Source files of modules. Only packages with such files count as bundled modules. It is not enough that a package and an interpreter
 * depend on each other, because packages of libraries, such as glibc and gcc, do so, too.
 */
const SOURCE_OF_MODULE = /\.(?:py|pm|rb|lua|js|cjs|mjs|scm|tcl|php|gemspec)$/;

/**
 * Returns a function that tells whether modules for an interpreter are installed below a directory, which must not be a standard one.
 *
 * @param interpreters the packages of the interpreter
 */
export function isForModules(interpreters: readonly Package[], { packages, packageFiles }: Facts): (directory: string) => boolean {
  let known: readonly Package[] | undefined;
  // siblings count, too: the interpreter is in python3.11-minimal, but /usr/lib/python3 is named after its sibling python3.11
  const completing = interpreters.flatMap((pkg) => [pkg, ...packages.builtFrom(pkg.source)]);
  return (directory) => {
    if (completing.some((pkg) => isNamedAfter(directory, pkg))) return true;
    known ??= knownModules(interpreters, packages);
    return known.some((pkg) => packageFiles.directoriesOf(pkg).has(directory));
  };
}

export function dependsOnOne(owner: Package, interpreters: readonly Package[], packages: PackageDatabase): boolean {
  return dependenciesOf(owner, packages).some(({ source }) => interpreters.some((pkg) => pkg.source === source));
}

/** Packages into whose directories modules are installed: sibling packages of an interpreter, and the modules that these depend on. */
function knownModules(interpreters: readonly Package[], packages: PackageDatabase): Package[] {
  return [...new Set([...runtimePackages(interpreters, packages), ...modulesBesideOwn(interpreters, packages)])];
}

/**
 * Packages of modules that come with an interpreter: the interpreter's packages depend on them, they depend on the interpreter, and they
 * are built from another source package.
 */
export function bundledModules(interpreters: readonly Package[], { packages, packageFiles }: Facts): Package[] {
  const isModule = (pkg: Package) => packageFiles.data(pkg).some((file) => SOURCE_OF_MODULE.test(file));
  const isOther = ({ source }: Package) => interpreters.every((pkg) => pkg.source !== source);
  // dependencies of sibling packages do not count: other programs, such as those of TeX, may be built from the same source package
  const found = new Set(interpreters.filter((pkg) => !isForDevelopment(pkg)).flatMap((pkg) => dependenciesOf(pkg, packages)));
  const isBundled = (pkg: Package) => isOther(pkg) && dependsOnOne(pkg, interpreters, packages) && !isForDevelopment(pkg) && isModule(pkg);
  return [...found].filter(isBundled);
}

function modulesBesideOwn(interpreters: readonly Package[], packages: PackageDatabase): Package[] {
  const found = runtimePackages(interpreters, packages).flatMap((pkg) => dependenciesOf(pkg, packages));
  return [...new Set(found)].filter((pkg) => dependsOnOne(pkg, interpreters, packages));
}

function runtimePackages(interpreters: readonly Package[], packages: PackageDatabase): Package[] {
  return interpreters.flatMap(({ source }) => packages.builtFrom(source)).filter((pkg) => !isForDevelopment(pkg));
}
