/**
 * Paths that a file mentions relative to its own location: `../share/rig` in a program in `/usr/bin`, files in the directory `include`
 * beside the program's directory `bin`, relative references in an XML catalog, and files that configuration includes.
 *
 * A program finds its own location by `/proc/self/exe` or `argv[0]`. A relative path is weak evidence, so the relative paths in an object
 * count only if a requested package owns the object.
 */
import * as path from 'path';
import { stringsWith } from '../../elf';
import type { Root } from '../../root/root';
import { isStandardDirectory } from '../../root/standard';
import { withoutTrailing } from '../../text/trailing';
import { HEADERS, isNonRuntime } from '../kinds/non-runtime';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending } from '../selection/selection';

/** Maximum length of a string that may be a path. */
const MOST_CHARACTERS = 200;
const UPWARD = /^(?:\.\.\/)+(?!\.)[\w.+-]+(?:\/(?!\.)[\w.+-]+)*\/?$/;

/** Paths that exist. */
export interface RelativePaths {
  /** to follow as if the file mentioned them in full */
  readonly mentioned: readonly string[];
  /** files below `/usr/include` */
  readonly belowInclude: readonly string[];
  /** standard directories that programs may only check for, such as `../share/locale` */
  readonly directories: readonly string[];
}

const NONE: RelativePaths = { mentioned: [], belowInclude: [], directories: [] };

export function relativePaths({ real: file, program = file }: Pending, selection: CurrentSelection, context: Context): RelativePaths {
  const { root, packages } = context;
  const { elf } = root.content(file);
  if (elf === undefined) return { ...NONE, mentioned: [...inCatalog(file, selection, context), ...included(file, root)] };
  const owner = packages.ownerOf(file);
  if (owner === undefined || !selection.requested.has(owner)) return NONE;
  return root.scan(file, (bytes) => {
    const stringsIn = (part: string) => [...stringsWith(part, bytes, elf, MOST_CHARACTERS)];
    const found = upward(file, program, stringsIn('../'), root);
    return {
      mentioned: found.filter((one) => !isStandardDirectory(one) && !isNonRuntime(`${one}/`)),
      belowInclude: belowInclude(program, stringsIn, root),
      directories: found.filter((one) => isStandardDirectory(one)).map((one) => root.real(one)!),
    };
  });
}

function upward(file: string, program: string, strings: readonly string[], root: Root): string[] {
  const places = new Set([file, program].map((one) => path.posix.dirname(one)));
  const relative = strings.filter((text) => UPWARD.test(text));
  return [...places].flatMap((place) => relative.map((text) => joined(place, text))).filter((one) => root.real(one) !== undefined);
}

function joined(directory: string, relative: string): string {
  return withoutTrailing(path.posix.join(directory, relative), '/') || '/';
}

const INCLUDE = /^(?:\.\.)?\/include\/?$/;
/** A path with a suffix other than a header's. */
const BELOW_INCLUDE = /^\/?[\w+-]+(?:\/[\w+-]+)+(\.(?!h(?:h|pp|xx)?$|inc$)\w+)$/;

/**
 * Files below `/usr/include` that are not headers. For example, if an object contains the strings `/include` and `rig/std/base.idl`, all
 * `.idl` files in `/usr/include/rig/std` are returned.
 *
 * @param stringsIn returns the object's strings that contain a given text
 * @returns paths of files
 */
function belowInclude(program: string, stringsIn: (part: string) => readonly string[], root: Root): string[] {
  const include = path.posix.join(path.posix.dirname(path.posix.dirname(program)), 'include');
  if (include !== HEADERS || !stringsIn('/include').some((text) => INCLUDE.test(text))) return [];
  const found = new Set<string>();
  for (const text of stringsIn('/')) {
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
 * Relative references of an XML catalog (OASIS XML Catalogs V1.1), if a file of a requested package led to the catalog, directly or through
 * other catalogs. Libraries of other packages mention the machine's central catalog, but programs that use such a library rarely need the
 * files that this catalog lists.
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
  const found = new Set(relative.map((reference) => joined(path.posix.dirname(file), reference)));
  return [...found].filter((one) => root.real(one) !== undefined && !isStandardDirectory(one));
}

function isCatalog(file: string, { root }: Context): boolean {
  const { kind, head } = root.content(file);
  return kind === 'text' && head.includes('<catalog') && head.includes('urn:oasis:names:tc:entity:xmlns:xml:catalog');
}

/** `!include conf.d/*.conf`: a directive that includes files, and a path without a leading `/`. */
const INCLUDING = /^[ \t]{0,16}[!$%@]?include(?:_?try|_?dir|optional)?[ \t=:]{1,8}["']?((?!\/)[\w.+/-]+)(\*?)/gim;
/** Maximum size of configuration, in bytes. */
const MOST_CONFIGURATION = 1024 * 1024;

/**
 * Files that configuration includes by paths relative to its own directory, or the directory of files that it includes by a pattern. Only
 * configuration in a directory below `/etc` counts: see `namedIn` in files-beside.ts for files directly in `/etc`.
 */
function included(file: string, root: Root): string[] {
  const { kind, size } = root.content(file);
  const directory = path.posix.dirname(file);
  if (kind !== 'text' || size > MOST_CONFIGURATION || !file.startsWith('/etc/') || isStandardDirectory(directory)) return [];
  const text = root.scan(file, (bytes) => bytes.toString('latin1'));
  const found = [...text.matchAll(INCLUDING)].map(([, written, pattern]) => (
    joined(directory, pattern === '' ? written : path.posix.dirname(`${written}*`))));
  return [...new Set(found)].filter((one) => one !== directory && root.real(one) !== undefined);
}
