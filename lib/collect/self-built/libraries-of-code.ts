/**
 * Libraries that the code of a self-built script opens by name: `CDLL('libpango-1.0.so.0')`, `find_library('pango-1.0')`. No package
 * says where they are, so they are found by the loader's search, from the interpreter.
 */
import * as path from 'path';
import { excessOf, isSelfBuilt } from './self-built';
import { openLibrary } from '../programs/processes';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Code, not lists of files and documentation. */
const CODE = /\.(?:py|[cm]?js|rb|p[lm]|php|lua|tcl)$/;
/** Larger files are not written by people. */
const MOST_BYTES = 1024 * 1024;
const SONAME = /["'](lib[\w.+-]+\.so(?:\.\d+)*)["']/g;
/** ctypes, cffi and the libraries that are modelled on them take a name without `lib` and `.so`. */
const FIND = /\b(?:find_library|dlopen|ffi_lib)\(([^)\n]{0,200})\)/g;
const LITERAL = /["']([\w+-][\w.+-]*)["']/g;

export function addLibrariesOfCode({ real: file, program }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  if (!isSelfBuilt(file, context)) return undefined;
  const { root, requestedPrograms } = context;
  const { kind, size } = root.content(file);
  if (size > MOST_BYTES || !(kind === 'script' || (kind === 'text' && CODE.test(file)))) return undefined;
  const opener = program ?? requestedPrograms.get(file)?.interpreter?.program.real;
  if (opener === undefined || !selection.processes.has(opener)) return undefined;
  const delta = selection.fork();
  for (const name of librariesIn(root.read(file).toString('latin1'), context)) {
    const opened = delta.fork();
    openLibrary(name, opener, `opened by ${path.posix.basename(file)}`, opened, context);
    const excess = excessOf(opened, delta, context);
    if (excess === undefined) delta.merge(opened);
    else delta.skip(name, `opened by ${file}, but it would add ${Math.round(excess / 1e6)} MB`);
  }
  return delta;
}

function librariesIn(text: string, { root, setting }: Context): Set<string> {
  const names = new Set([...text.matchAll(SONAME)].map(([, name]) => name));
  const literals = [...text.matchAll(FIND)].flatMap(([, list]) => [...list.matchAll(LITERAL)].map(([, literal]) => literal));
  const stems = literals.filter((literal) => !literal.includes('.so'));
  if (stems.length === 0) return names;
  const inDefaults = setting.defaults.flatMap((directory) => root.names(root.real(directory) ?? directory));
  const known = [...(setting.cache?.keys() ?? []), ...inDefaults];
  for (const stem of stems) {
    const found = known.find((name) => name.startsWith(`lib${stem}.so.`));
    if (found !== undefined) names.add(found);
  }
  return names;
}
