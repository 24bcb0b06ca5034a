/**
 * Paths that a file mentions relative to its own place: `../share/rig` in a program in `/usr/bin`, files below `include` beside
 * the directory of a program, and `./` in an XML catalog.
 *
 * A program finds its own place by `/proc/self/exe` or `argv[0]`. A relative path is weak evidence, so of objects, those in
 * requested packages count.
 */
import * as path from 'path';
import type { Context } from './context';
import { HEADERS, isNonRuntime } from './non-runtime';
import type { CurrentSelection, Pending } from './selection';
import { FormatError, stringsWith } from '../elf';
import { isStandardDirectory } from '../root/standard';

/** Characters of a longest string that may be a path. */
const MOST_CHARACTERS = 200;
const UPWARD = /^(?:\.\.\/)+(?!\.)[\w.+-]+(?:\/(?!\.)[\w.+-]+)*\/?$/;

/** @returns paths that exist */
export function relativePaths({ real: file, program }: Pending, selection: CurrentSelection, context: Context): string[] {
  const { root, packages } = context;
  const { elf } = root.content(file);
  if (elf === undefined) return inCatalog(file, selection, context);
  const owner = packages.ownerOf(file);
  if (elf instanceof FormatError || owner === undefined || !selection.requested.has(owner)) return [];
  const places = new Set([file, program ?? file].map((one) => path.posix.dirname(one)));
  const strings = [...root.scan(file, (bytes) => stringsWith('../', bytes, elf, MOST_CHARACTERS))].filter((text) => UPWARD.test(text));
  const found = [...places].flatMap((place) => strings.map((text) => path.posix.join(place, text).replace(/(?<=.)\/$/, '')));
  return found.filter((one) => root.real(one) !== undefined && !isStandardDirectory(one) && !isNonRuntime(`${one}/`));
}

const INCLUDE = /^(?:\.\.)?\/include\/?$/;
/** A path with a suffix, which is not that of a header. */
const BELOW_INCLUDE = /^\/?[\w+-]+(?:\/[\w+-]+)+(\.(?!h(?:h|pp|xx)?$|inc$)\w+)$/;

/**
 * Files below `/usr/include` that are not headers: for an object with the strings `/include` and `rig/std/base.idl`, all files
 * with this suffix in the directory of `base.idl`.
 *
 * @returns paths of files
 */
export function belowInclude({ real: file, program }: Pending, selection: CurrentSelection, { root, packages }: Context): string[] {
  const { elf } = root.content(file);
  const owner = packages.ownerOf(file);
  if (elf === undefined || elf instanceof FormatError || owner === undefined || !selection.requested.has(owner)) return [];
  const include = path.posix.join(path.posix.dirname(path.posix.dirname(program ?? file)), 'include');
  if (include !== HEADERS) return [];
  const directories = [...root.scan(file, (bytes) => stringsWith('/include', bytes, elf, MOST_CHARACTERS))];
  if (!directories.some((text) => INCLUDE.test(text))) return [];
  const strings = [...root.scan(file, (bytes) => stringsWith('/', bytes, elf, MOST_CHARACTERS))];
  const found = new Set<string>();
  for (const text of strings) {
    const suffix = BELOW_INCLUDE.exec(text)?.[1];
    const real = suffix === undefined ? undefined : root.real(path.posix.join(HEADERS, text));
    if (real === undefined || root.status(real)!.type !== 'file') continue;
    const directory = path.posix.dirname(real);
    for (const name of root.names(directory)) if (name.endsWith(suffix!)) found.add(path.posix.join(directory, name));
  }
  return [...found];
}

const REFERENCE = /\s(?:uri|catalog|rewritePrefix)\s*=\s*(["'])([^"']*)\1/g;

/**
 * Relative references of an XML catalog (OASIS XML Catalogs V1.1), if a requested package led to it. Libraries of other packages
 * mention the catalog of all XML files of a machine, but their users rarely need any.
 */
function inCatalog(file: string, selection: CurrentSelection, context: Context): string[] {
  const { root, packages } = context;
  if (!isCatalog(file, context)) return [];
  let reader: string | undefined = file;
  while (reader !== undefined && isCatalog(reader, context)) reader = selection.files.get(reader)?.through;
  const owner = reader === undefined ? undefined : packages.ownerOf(reader);
  if (owner === undefined || !selection.requested.has(owner)) return [];
  const references = [...root.read(file).toString('latin1').matchAll(REFERENCE)].map(([, , reference]) => reference);
  const relative = references.filter((reference) => !/^(?:[A-Za-z][\w+.-]*:|\/|#)/.test(reference));
  const found = new Set(relative.map((reference) => path.posix.join(path.posix.dirname(file), reference).replace(/(?<=.)\/$/, '')));
  return [...found].filter((one) => root.real(one) !== undefined && !isStandardDirectory(one));
}

function isCatalog(file: string, { root }: Context): boolean {
  const { kind, head } = root.content(file);
  return kind === 'text' && head.includes('<catalog') && head.includes('urn:oasis:names:tc:entity:xmlns:xml:catalog');
}
