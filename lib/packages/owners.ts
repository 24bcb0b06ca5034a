/**
 * Finds the names of the packages that own many files, mostly libraries. Reads only as many of dpkg's file lists as needed, the likely
 * ones first, while `PackageDatabase` would read and index all of them.
 */
import * as path from 'path';
import { mergedUsr } from './package';
import { LIMITS } from '../limits';
import type { Root } from '../root/root';

const INFO = '/var/lib/dpkg/info';
const LIST = '.list';
const SHLIBS = '.shlibs';

/**
 * @param wanted resolved paths
 * @returns the package's name for each path that belongs to one
 */
export function ownersOf(root: Root, wanted: Iterable<string>): Map<string, string> {
  const owners = new Map<string, string>();
  const info = root.real(INFO);
  if (info === undefined) return owners;
  const left = new Set(wanted);
  const merged = mergedUsr(root);
  for (const name of inOrder(root.names(info), left)) {
    if (left.size === 0) break;
    const place = root.file(path.posix.join(info, name + LIST));
    if (place === undefined) continue;
    const list = root.read(place, LIMITS.fileLists);
    const own = (file: string) => {
      if (left.delete(file)) owners.set(file, name.replace(/:.*/, ''));
    };
    for (const line of linesWith('.so', list)) own(merged(line));
    // one search for each file without `.so` in its path: these are few, namely programs, and libraries that were loaded by path
    for (const file of left) if (!file.includes('.so') && list.includes(`\n${file}\n`)) own(file);
  }
  return owners;
}

/** Sorts packages so that most lists need not be read: first those named after a file (Debian Policy 8.1), then others with libraries. */
function inOrder(names: readonly string[], wanted: Iterable<string>): string[] {
  const likely = new Set([...wanted].flatMap((file) => packagesNamedAfter(path.posix.basename(file))));
  const libraries = new Set(names.filter((name) => name.endsWith(SHLIBS)).map((name) => name.slice(0, -SHLIBS.length)));
  const rank = (name: string) => (likely.has(name.replace(/:.*/, '')) ? 0 : libraries.has(name) ? 1 : 2);
  const ranked: string[][] = [[], [], []];
  for (const name of names) if (name.endsWith(LIST)) ranked[rank(name.slice(0, -LIST.length))].push(name.slice(0, -LIST.length));
  return ranked.flat();
}

/** `libX11.so.6.4.0` → `libx11-6`; for a program, its own name. */
function packagesNamedAfter(file: string): string[] {
  const [, stem, version] = /^(.+?)\.so\.(\d+)/.exec(file) ?? [];
  if (stem === undefined) return [file];
  const name = stem.toLowerCase().replaceAll('_', '-');
  const versioned = (of: string) => of + (/\d$/.test(of) ? '-' : '') + version;
  return [versioned(name), versioned(name.replace(/-(?=\d)/, ''))];
}

/** Lists take megabytes, so they are searched as bytes and not split. */
function* linesWith(part: string, list: Buffer): Generator<string> {
  for (let at = list.indexOf(part); at >= 0; ) {
    const end = list.indexOf('\n', at);
    yield list.toString('utf8', list.lastIndexOf('\n', at) + 1, end < 0 ? list.length : end);
    at = end < 0 ? -1 : list.indexOf(part, end);
  }
}
