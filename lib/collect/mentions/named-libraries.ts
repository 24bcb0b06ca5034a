/**
 * Libraries that a packed file opens by name: `dlopen("libsoftokn3.so")` in an object, `$libdir/libmath-native.so` in a
 * configuration file, `CDLL('libpango-1.0.so.0')` in a module.
 *
 * A name is weak evidence, so it counts only if the library is in the file's own package or in one of its sibling packages. If the file's
 * package is requested, or is a sibling of a requested package, the library may also be in a direct dependency of the file's package.
 */
import * as path from 'path';
import { addOrDefer, isFollowed } from './path-mentions';
import { carriedData } from '../../elf';
import type { Package } from '../../packages/package';
import { needOf } from '../relations/need';
import type { Context } from '../selection/context';
import { dependenciesOf, isForDevelopment } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** The name by which programs need a library: it ends with the version of the interface. */
const SONAME = /^lib[\w.+-]+\.so\.\d+$/;

/** Adds the libraries that a file names, each with the libraries that it needs itself, within the size budget for path mentions. */
export function addNamedLibraries(pending: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { packages } = context;
  const file = pending.real;
  if (!isFollowed(file, selection, context)) return undefined;
  const owner = packages.ownerOf(file);
  if (owner === undefined) return undefined;
  const names = namesIn(file, owner, selection, context);
  if (names.length === 0) return undefined;
  const delta = selection.fork();
  const isRequested = selection.requested.isSibling(owner);
  const providers = new Set([...packages.builtFrom(owner.source), ...(isRequested ? dependenciesOf(owner, packages) : [])]);
  for (const name of names) {
    const found = libraryOf(providers, name, context);
    const real = found && context.root.real(found.library);
    if (found === undefined || real === undefined || delta.files.has(real)) continue;
    const { library, provider } = found;
    const rule = `a library of ${provider.name}, which ${path.posix.basename(file)} opens by name`;
    const grounds = { rule, need: needOf(provider, delta.requested), owner: provider };
    delta.merge(addOrDefer(library, real, { ...pending, owner }, grounds, delta, context));
  }
  return delta;
}

/** Names of libraries in the strings of an object, and in the words of a text of a requested package. */
function namesIn(file: string, owner: Package, selection: CurrentSelection, context: Context): readonly string[] {
  const { root, requestedPrograms } = context;
  const { kind, libraries } = root.content(file);
  const mayOpenAny = kind === 'elf' && requestedPrograms.has(file) && root.scan(file, (bytes) => carriedData(bytes).length > 0);
  if (mayOpenAny) return [...libraries, ...librariesOfDependencies(owner, selection, context)];
  return libraries.length > 0 && (kind === 'elf' || selection.requested.isSibling(owner)) ? libraries : [];
}

/**
 * The names of the libraries of direct dependencies, except for development packages and for dependencies with a packed library. These
 * names count only for a program that carries data (see carried-data.ts): the program's code may be in that data, compressed. Then the
 * program's strings do not contain the names of the libraries that it opens.
 */
function librariesOfDependencies(owner: Package, { files }: CurrentSelection, context: Context): readonly string[] {
  const { packages, packageFiles, root } = context;
  const isPacked = (library: string) => files.has(root.real(library)!);
  return dependenciesOf(owner, packages).flatMap((dependency) => {
    const libraries = [...packageFiles.libraries(dependency)].filter(([name]) => SONAME.test(name));
    return isForDevelopment(dependency) || libraries.some(([, library]) => isPacked(library)) ? [] : libraries.map(([name]) => name);
  });
}

function libraryOf(
  providers: Iterable<Package>,
  name: string,
  { packageFiles }: Context,
): { readonly library: string; readonly provider: Package } | undefined {
  for (const provider of providers) {
    const library = packageFiles.libraries(provider).get(name);
    if (library !== undefined) return { library, provider };
  }
  return undefined;
}
