/**
 * The package database: the package of a file, and the relations between packages.
 */
import type { Root } from '../root/root';

export interface Package {
  readonly name: string;
  /** its source package */
  readonly source: string;
  /** complete, such as `1:2.36-9+deb12u9` */
  readonly version: string;
  /** the database's name for it, such as `amd64` or `all` */
  readonly architecture: string;
  /** the type in package URLs; undefined if the package is only derived from file names */
  readonly type?: 'deb' | 'apk' | 'rpm';
  /**
   * names of the installed packages that it depends on: with dpkg, the first alternative that is installed; for a provided name, each
   * package that provides it
   */
  readonly depends: readonly string[];
  /**
   * names of all installed packages that satisfy a dependency, if `depends` has only the first alternative that is installed
   * @default - `depends`
   */
  readonly satisfying?: readonly string[];
  /** true if every system has it, so that other packages need not declare a dependency on it */
  readonly isEssential?: boolean;
  /** names of recommended packages */
  readonly recommends: readonly string[];
  /** names of suggested packages @default - the database does not record them */
  readonly suggests?: readonly string[];
}

/** Paths at which a package may have its licence text, as a file or in a directory. */
export function licencesOf({ name }: Package): readonly string[] {
  return [`/usr/share/doc/${name}/copyright`, `/usr/share/licenses/${name}`];
}

/** Algorithm and hexadecimal digits. */
export type Checksum = `${'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'}:${string}`;

/** The package database of a root. */
export interface PackageDatabase {
  /** the package of the file at a resolved path */
  ownerOf(real: string): Package | undefined;
  /** every package that lists a resolved path: directories have several */
  ownersOf(real: string): Iterable<Package>;
  get(name: string): Package | undefined;
  /** resolved paths of a package's files and directories */
  files(owner: Package): readonly string[];
  /** true if the package lists a resolved path */
  lists(owner: Package, real: string): boolean;
  /** true if at most one package lists a resolved path */
  isSole(real: string): boolean;
  /** all installed packages built from a source package */
  builtFrom(source: string): readonly Package[];
  /** the checksums that the database records for a package's files, such as `md5:` and 32 digits, by resolved path; empty if it has none */
  checksums(owner: Package): ReadonlyMap<string, Checksum>;
  /** the installed packages that list a file of this name in any directory */
  withName?(name: string): Iterable<Package>;
}

/** The value of a key. It is created and added to the map if the key has none. */
export function valueOf<K, V>(map: Map<K, V>, key: K, create: () => V): V {
  let value = map.get(key);
  if (value === undefined) {
    value = create();
    map.set(key, value);
  }
  return value;
}

/** True if a line of a file list is an absolute path other than `/`, without `.` and `..`. */
export function isListed(line: string): boolean {
  return /^\/[^/]/.test(line) && !/\/\.{0,2}(?:\/|$)/.test(line);
}

/**
 * Returns a function that resolves the first component of a listed path: packages list `/lib/…` even if the root has merged `/lib` into
 * `/usr/lib`.
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
