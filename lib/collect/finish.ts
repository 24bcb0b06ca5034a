/**
 * Rules that apply last: they add licence texts, reject stale bytecode, and drop links to rejected files. A file that was skipped by one
 * rule and packed by another is not reported as skipped.
 */
import * as path from 'path';
import { addFound } from './programs/add-files';
import type { Context } from './selection/context';
import type { CurrentSelection, Generated, Selection, Why } from './selection/selection';
import { licencesOf, valueOf } from '../packages/package';
import { isCurrent, otherImplementation, sourceOfBytecode } from '../root/python-bytecode';
import type { Root } from '../root/root';

/** The selection as the plan gets it. */
export interface FinishedSelection {
  /** resolved path of each packed file → why */
  readonly files: ReadonlyMap<string, Why>;
  /** path of each link, with its parent directory resolved → target of the link, as written */
  readonly links: ReadonlyMap<string, string>;
  /** resolved paths of directories that are packed even if they are empty */
  readonly directories: ReadonlySet<string>;
  /** path → content that differs from the source */
  readonly generated: ReadonlyMap<string, Generated>;
  /** path, or the name of a library, → why it is not packed */
  readonly skipped: ReadonlyMap<string, string>;
  /** resolved paths that are skipped because the user excludes them */
  readonly excluded: ReadonlySet<string>;
}

/** Adds the licence texts of all packages with packed files. */
export function addLicences(selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const owners = new Set([...selection.files.keys()].map((real) => context.packages.ownerOf(real)));
  for (const owner of owners) {
    if (!owner) continue;
    for (const text of licencesOf(owner)) {
      addFound(text, { reason: `licence of ${owner.name}` }, delta, context);
    }
  }
  return delta;
}

/**
 * Rejects bytecode that Python would not use: it is out of date, its source is not packed, or it is for an implementation of Python, such
 * as PyPy, that is not packed.
 */
export function rejectStaleBytecode(selection: Selection, { root }: Context): void {
  const files = [...selection.files.keys()];
  const isPacked = new Map<string, boolean>();
  for (const real of files) {
    const named = sourceOfBytecode(real);
    if (named === undefined) continue;
    const other = otherImplementation(real);
    const hasName = () => files.some((file) => path.posix.basename(file).startsWith(other!));
    if (other !== undefined && !valueOf(isPacked, other, hasName)) {
      selection.reject(real, `bytecode for ${other}, which is not packed`);
      continue;
    }
    const source = root.real(named); // Python follows links to the source
    const status = source !== undefined && selection.files.has(source) ? root.status(source) : undefined;
    if (status && isCurrent(root.content(real).head, status)) continue;
    selection.reject(real, 'bytecode of another version of its source, or without a source');
  }
}

/** Whether a directory is for Python modules. Such a directory must not be packed empty: Python would import it as an empty module. */
function isOfPythonModules(directory: string, root: Root): boolean {
  return path.posix.basename(directory) === '__pycache__' || root.isFile(path.posix.join(directory, '__init__.py'));
}

export function finish(selection: CurrentSelection, root: Root): FinishedSelection {
  const { files, links, generated, skipped, excluded } = selection;
  const packed = new Set<string>();
  const addWithParents = (file: string) => {
    for (let at = file; !packed.has(at) && at !== '/'; at = path.posix.dirname(at)) packed.add(at);
  };
  for (const file of [...files.keys(), ...generated.keys()]) addWithParents(file);
  const directories = new Set([...selection.directories.keys()].filter((one) => packed.has(one) || !isOfPythonModules(one, root)));
  for (const directory of directories) addWithParents(directory);
  const isPacked = (wanted: string) => {
    const real = root.real(wanted);
    return real !== undefined && (real === '/' || packed.has(real));
  };
  const leading = [...links].filter(([link]) => isPacked(link));
  const names = new Set([...files.keys(), ...leading.map(([link]) => link)].map((file) => path.posix.basename(file)));
  // a skipped path may be packed for another reason; a library may have been skipped by its name, because its path was not known
  const isPackedAfterAll = (wanted: string) => {
    if (!wanted.includes('/')) return names.has(wanted);
    const real = root.real(wanted);
    return real !== undefined && (files.has(real) || directories.has(real));
  };
  return {
    files: new Map(files),
    links: new Map(leading),
    directories,
    generated: new Map(generated),
    skipped: new Map([...skipped].filter(([wanted]) => !isPackedAfterAll(wanted))),
    excluded: new Set(excluded.keys()),
  };
}
