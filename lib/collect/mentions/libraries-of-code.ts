/**
 * Libraries that the code of a script opens by name: `CDLL('libpango-1.0.so.0')`, `find_library('pango-1.0')`. They are searched for as if
 * the program that runs the script called `dlopen`. If a package owns the code, only libraries of the package's direct dependencies count.
 * Self-built code has no package that declares dependencies, so any library counts.
 */
import * as path from 'path';
import type { Package } from '../../packages/package';
import { openLibrary } from '../programs/processes';
import type { Context } from '../selection/context';
import { dependenciesOf } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';
import { excessOf, isSelfBuilt } from '../self-built/self-built';

/** Names of files with code. Other texts do not count: they name libraries in lists of files and in documentation. */
const CODE = /\.(?:py|[cm]?js|rb|p[lm]|php|lua|tcl)$/;
/** Maximum size of a file with code, in bytes. Larger files are not written by people. */
const MOST_BYTES = 1024 * 1024;
const SONAME = /["'](lib[\w.+-]+\.so(?:\.\d+)*)["']/g;
/** ctypes, cffi and the libraries that are modelled on them take a name without `lib` and `.so`. */
const FIND = /\b(?:find_library|dlopen|ffi_lib)\(([^)\n]{0,200})\)/g;
const LITERAL = /["']([\w+-][\w.+-]*)["']/g;
/** A name whose ending depends on the system: `"/usr/lib/#{arch}/libsass.#{extension}"`. */
const WITH_ENDING = /["/](lib[\w+-]+)\.[#$]?\{\w[^"\n]*"/g;

export function addLibrariesOfCode({ real: file, program }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, requestedPrograms } = context;
  const { kind, size, opensLibraries } = root.content(file);
  if (!opensLibraries || size > MOST_BYTES || !(kind === 'script' || (kind === 'text' && CODE.test(file)))) return undefined;
  const opener = program ?? requestedPrograms.get(file)?.interpreter?.program.real;
  const process = opener === undefined ? undefined : selection.processes.get(opener);
  if (opener === undefined || process === undefined) return undefined;
  const candidates = isSelfBuilt(file, context) ? undefined : librariesOfDependencies(context.packages.ownerOf(file), context);
  if (candidates?.size === 0) return undefined;
  const known = candidates ?? librariesOfLoader(context);
  const names = librariesIn(root.read(file).toString('latin1'), known)
    .filter((name) => (candidates === undefined || candidates.has(name)) && process.match(name) === undefined);
  if (names.length === 0) return undefined;
  const delta = selection.fork();
  for (const name of names) {
    const opened = delta.fork();
    openLibrary(name, opener, `opened by ${path.posix.basename(file)}`, opened, context);
    opened.opened.add(name);
    const excess = excessOf(opened, delta, context);
    if (excess === undefined) delta.merge(opened);
    else delta.skip(name, `opened by ${file}, but it would add ${Math.round(excess / 1e6)} MB`);
  }
  return delta;
}

/** @param known names of libraries, to complete the names that the text has without `lib` and `.so` */
function librariesIn(text: string, known: Iterable<string>): string[] {
  const withEnding = [...text.matchAll(WITH_ENDING)].map(([, stem]) => `${stem}.so`);
  const names = new Set([...[...text.matchAll(SONAME)].map(([, name]) => name), ...withEnding]);
  const literals = [...text.matchAll(FIND)].flatMap(([, list]) => [...list.matchAll(LITERAL)].map(([, literal]) => literal));
  const stems = literals.filter((literal) => !literal.includes('.so'));
  if (stems.length === 0) return [...names];
  const all = [...known];
  for (const stem of stems) {
    // the shortest name is the soname: libpq.so.5, not libpq.so.5.15
    const [found] = all.filter((name) => name.startsWith(`lib${stem}.so.`)).sort((a, b) => a.length - b.length);
    if (found !== undefined) names.add(found);
  }
  return [...names];
}

function librariesOfLoader({ root, setting }: Context): string[] {
  const inDefaults = setting.defaults.flatMap((directory) => root.names(root.real(directory) ?? directory));
  return [...(setting.cache?.keys() ?? []), ...inDefaults];
}

/** Names of the libraries of the packages that a package depends on directly. */
function librariesOfDependencies(owner: Package | undefined, { packages, packageFiles }: Context): ReadonlySet<string> {
  if (owner === undefined) return new Set();
  const needed = dependenciesOf(owner, packages).filter((one) => !one.isEssential);
  return new Set(needed.flatMap((one) => [...packageFiles.libraries(one).keys()]));
}
