/**
 * Unpacks .deb archives into a root and writes the database that dpkg would have written (deb(5), dpkg(1)).
 *
 * Paths in an archive are not trusted: tar unpacks each archive into an empty directory, so that it cannot follow
 * a link of another package. Each file is then moved to its path inside the root.
 */
import * as fs from 'fs';
import * as path from 'path';
import { MAKE_ROOM, ONLY_DEBIAN } from './apt-get';
import { directoryInside, makeDirectory, readText, realInside, writeNew } from './inside';
import { alternativesIn, paragraphs } from '../../packages/deb822';
import { printable } from '../../text/printable';
import { SourceError } from '../source';
import { run } from '../system-program';

const ADMIN = '/var/lib/dpkg';

/** Links into /usr since Debian 12 and Ubuntu 20.10 at the latest. Packages may still have files below them. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** Directories from the package base-files that maintainer scripts expect. */
const STANDARD = ['etc', 'usr', 'usr/local', 'usr/share', 'var', 'var/cache', 'var/lib'];

/** An unpacked package. */
export interface Unpacked {
  readonly name: string;
  /** its name in dpkg's directory: includes the architecture if the package can be installed for several architectures side by side */
  readonly id: string;
  readonly architecture: string;
  /** names of packages to configure before it, alternatives included */
  readonly depends: readonly string[];
  /** virtual packages that it provides */
  readonly provides: readonly string[];
  /** paths in the archive */
  readonly files: Set<string>;
}

/**
 * Unpacks packages into a new directory.
 *
 * @param source the source's name in messages
 * @param workplace a directory on the same file system as the root
 * @param update called with the number of unpacked packages
 * @returns the packages in the order of their dependencies
 */
export function unpackAll(
  source: string,
  archives: readonly string[],
  root: string,
  workplace: string,
  update: (done: number) => void = () => {},
): Unpacked[] {
  for (const directory of ['', ...STANDARD, ...MERGED.map((name) => `usr/${name}`)]) makeDirectory(path.join(root, directory));
  for (const name of MERGED) {
    fs.symlinkSync(`usr/${name}`, path.join(root, name));
  }
  const unpacking = new Unpacking(source, root, workplace);
  const packages = ordered(archives.map((archive, index) => {
    update(index);
    return unpacking.extract(archive);
  }));
  for (const pkg of packages) unpacking.merge(pkg);
  unpacking.writeDatabase(packages);
  return packages;
}

interface Extracted extends Unpacked {
  /** the directory with its unpacked files */
  readonly directory: string;
  readonly control: string;
}

class Unpacking {
  /** path in the root → the package's file list, and the path in the archive */
  private readonly owners = new Map<string, { readonly files: Set<string>; readonly file: string }>();

  constructor(private readonly source: string, private readonly root: string, private readonly workplace: string) {}

  public extract(archive: string): Extracted {
    const directory = fs.mkdtempSync(path.join(this.workplace, 'deb-'));
    run({
      source: this.source,
      command: 'dpkg-deb',
      args: ['--raw-extract', archive, directory],
      missing: ONLY_DEBIAN,
      advice: (output) =>
        /No space left/.test(output) ? MAKE_ROOM : 'the archive is damaged, or contains paths that lead out of it: do not use it',
    });
    const control = readText(path.join(directory, 'DEBIAN', 'control'))?.trimEnd() ?? '';
    const [fields = new Map(), ...more] = [...paragraphs(control)];
    const field = (name: string) => fields.get(name) ?? '';
    const [name, architecture] = [field('package'), field('architecture')];
    // a second paragraph would become another package in the database
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name) || !/^[a-z0-9-]+$/.test(architecture) || more.length > 0) {
      throw new SourceError(
        `source ${this.source}: ${printable(path.basename(archive))} has the package name '${printable(name)}' ` +
          `and the architecture '${printable(architecture)}', expected valid ones`,
      );
    }
    return {
      name,
      id: field('multi-arch') === 'same' ? `${name}:${architecture}` : name,
      architecture,
      depends: alternativesIn(`${field('pre-depends')},${field('depends')}`).flat(),
      provides: alternativesIn(field('provides')).flat(),
      files: new Set(),
      directory,
      control,
    };
  }

  /** Moves an unpacked package into the root. */
  public merge(pkg: Extracted): void {
    pkg.files.add('/.');
    this.moveAll(pkg.directory, this.root, '', pkg.files);
    const info = directoryInside(this.root, `${ADMIN}/info`);
    const from = path.join(pkg.directory, 'DEBIAN');
    for (const name of fs.readdirSync(from)) {
      if (name === 'control' || !fs.lstatSync(path.join(from, name)).isFile()) continue;
      writeNew(path.join(info, `${pkg.id}.${name}`), fs.readFileSync(path.join(from, name)));
    }
  }

  /** Called when all packages are merged, because each merge may remove files from the lists of other packages. */
  public writeDatabase(packages: readonly Extracted[]): void {
    const admin = directoryInside(this.root, ADMIN);
    const info = directoryInside(this.root, `${ADMIN}/info`);
    const stanzas = packages.map(({ control }) => control.replace(/^(Package:.*)$/mi, '$1\nStatus: install ok installed'));
    writeNew(path.join(admin, 'status'), stanzas.map((stanza) => `${stanza}\n`).join('\n'));
    for (const { id, files } of packages) writeNew(path.join(info, `${id}.list`), `${[...files].join('\n')}\n`);
    for (const { directory } of packages) fs.rmSync(directory, { recursive: true, force: true });
  }

  /**
   * @param from a directory of the unpacked archive
   * @param to the corresponding directory on this machine, inside the root and with its links resolved
   * @param listed its path in the archive
   */
  private moveAll(from: string, to: string, listed: string, files: Set<string>): void {
    for (const name of fs.readdirSync(from).sort()) {
      if (listed === '' && name === 'DEBIAN') continue;
      const source = path.join(from, name);
      const target = path.join(to, name);
      const file = `${listed}/${name}`;
      const stat = fs.lstatSync(source);
      if (stat.isDirectory()) {
        // the owner must be able to move its files
        fs.chmodSync(source, stat.mode & 0o1777 | 0o700);
        files.add(file);
        this.moveAll(source, this.directoryAt(target, stat), file, files);
      } else if (stat.isFile() || stat.isSymbolicLink()) {
        // a cache must never contain set-user-ID programs of root
        if (stat.isFile()) fs.chmodSync(source, stat.mode & 0o1777);
        this.move(source, target, file, files);
      }
    }
  }

  /** As in dpkg, a file replaces another package's file, and a directory stays a directory. */
  private move(source: string, target: string, file: string, files: Set<string>): void {
    files.add(file);
    if (fs.lstatSync(target, { throwIfNoEntry: false })?.isDirectory()) return;
    const before = this.owners.get(target);
    if (before && before.files !== files) before.files.delete(before.file);
    this.owners.set(target, { files, file });
    fs.renameSync(source, target);
  }

  private directoryAt(target: string, { mode }: fs.Stats): string {
    const stat = fs.lstatSync(target, { throwIfNoEntry: false });
    if (stat?.isDirectory()) return target;
    if (stat?.isSymbolicLink()) {
      const real = realInside(this.root, target);
      if (real !== undefined && fs.lstatSync(real).isDirectory()) return real;
    }
    if (stat) fs.unlinkSync(target);
    makeDirectory(target, mode & 0o1777 | 0o700);
    return target;
  }
}

/** Sorts packages so that dependencies come first, the order in which dpkg configures. Cycles are cut, always in the same place. */
function ordered<P extends Unpacked>(packages: readonly P[]): P[] {
  const byName = new Map<string, P>();
  for (const pkg of packages) for (const name of pkg.provides) if (!byName.has(name)) byName.set(name, pkg);
  for (const pkg of packages) byName.set(pkg.name, pkg);
  const done = new Set<P>();
  const visited = new Set<P>();
  const visit = (pkg: P) => {
    if (visited.has(pkg)) return;
    visited.add(pkg);
    for (const name of pkg.depends) if (byName.has(name)) visit(byName.get(name)!);
    done.add(pkg);
  };
  for (const pkg of [...packages].sort((a, b) => (a.id < b.id ? -1 : 1))) visit(pkg);
  return [...done];
}
