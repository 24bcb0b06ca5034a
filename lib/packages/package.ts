/**
 * Which installed package a file belongs to, and what that package goes with.
 */
import type { Root } from '../root/root';

export interface Package {
  readonly name: string;
  /** the source package that it was built from */
  readonly source: string;
  /** whole, as `1:2.36-9+deb12u9` */
  readonly version: string;
  /** as its database names it, as `amd64` or `all` */
  readonly architecture: string;
  /** what kind of package it is, by the type that package URLs have for it; none of what only stands in for a package */
  readonly type?: 'deb' | 'apk' | 'rpm';
  /** names of the packages that it cannot do without, alternatives side by side, provided names resolved */
  readonly depends: readonly string[];
  /** whether every system has it, so that no other needs to say that it needs it */
  readonly isEssential?: boolean;
  /** names of those that it is usually installed with */
  readonly recommends: readonly string[];
  /** names of those that it can make use of @default - its database does not say */
  readonly suggests?: readonly string[];
}

/** Algorithm and hexadecimal digits. */
export type Checksum = `${'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'}:${string}`;

/** The package database of a root. */
export interface PackageDatabase {
  /** the package of a file at its resolved path */
  ownerOf(real: string): Package | undefined;
  /** every package that lists a resolved path, as several do with a directory */
  ownersOf(real: string): Iterable<Package>;
  get(name: string): Package | undefined;
  /** resolved paths of what a package installed, directories included */
  files(owner: Package): readonly string[];
  /** whether a resolved path is among them */
  lists(owner: Package, real: string): boolean;
  /** whether no more than one package lists a resolved path */
  isSole(real: string): boolean;
  /** every installed package that was built from a source package */
  builtFrom(source: string): readonly Package[];
  /** the checksums that the database records for a package's files, such as `md5:` and 32 digits, by resolved path; empty if it has none */
  checksums(owner: Package): ReadonlyMap<string, Checksum>;
  /** the installed packages that list a file of this name in any directory */
  withName?(name: string): Iterable<Package>;
}

/** The value of a key, which is created where there is none. */
export function valueOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

/** Whether a line of a list of files is a path, with no `.` or `..` on its way, of something below `/`. */
export function isListed(line: string): boolean {
  return /^\/[^/]/.test(line) && !/\/\.{0,2}(?:\/|$)/.test(line);
}

/**
 * A package lists its files at the places that it was built for, `/lib/…` among them, where the root may
 * have merged `/lib` into `/usr/lib`: the path with such a first component resolved.
 */
export function mergedUsr(root: Root): (listed: string) => string {
  const tops = new Map<string, string>();
  return (listed) => {
    const end = listed.indexOf('/', 1);
    const top = end < 0 ? listed : listed.slice(0, end);
    let real = tops.get(top);
    if (real === undefined) {
      real = root.real(top) ?? top;
      tops.set(top, real);
    }
    return end < 0 ? real : real + listed.slice(end);
  };
}
