/**
 * Unpacks .deb archives into a root, with the database that dpkg would have written (deb(5), dpkg(1)).
 *
 * What an archive says is not to be trusted with paths: tar unpacks each into a directory of its own, in which no
 * link leads anywhere yet, and from there every file is moved to where its path leads inside the root.
 */
import * as fs from 'fs';
import * as path from 'path';
import { MAKE_ROOM, ONLY_DEBIAN } from './apt-get';
import { directoryInside, makeDirectory, readText, realInside, writeNew } from './inside';
import { alternativesIn, paragraphs } from '../../packages/deb822';
import { printable } from '../../text/printable';
import { run } from '../system-program';
import { SourceError } from '../source';

const ADMIN = '/var/lib/dpkg';

/** Directories that are links into /usr since Debian 12 and Ubuntu 20.10 at the latest; packages still have files in them. */
const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

/** Directories of base-files that scripts take for granted. */
const STANDARD = ['etc', 'usr', 'usr/local', 'usr/share', 'var', 'var/cache', 'var/lib'];

/** A package that is unpacked. */
export interface Unpacked {
  readonly name: string;
  /** of its files in dpkg's directory: with the architecture where several may be installed beside each other */
  readonly id: string;
  readonly architecture: string;
  /** names of packages that are to be configured before it, alternatives side by side */
  readonly depends: readonly string[];
  /** names that it stands for as well */
  readonly provides: readonly string[];
  /** paths as it has them */
  readonly files: Set<string>;
}

/**
 * Unpacks packages into a new directory.
 *
 * @param source as messages name it
 * @param workplace a directory on the same file system
 * @returns the packages in the order of their dependencies
 */
export function unpackAll(source: string, archives: readonly string[], root: string, workplace: string): Unpacked[] {
  for (const made of ['', ...STANDARD, ...MERGED.map((name) => `usr/${name}`)]) makeDirectory(path.join(root, made));
  for (const name of MERGED) {
    fs.symlinkSync(`usr/${name}`, path.join(root, name));
  }
  const unpacking = new Unpacking(source, root, workplace);
  const packages = ordered(archives.map((archive) => unpacking.extract(archive)));
  for (const one of packages) unpacking.merge(one);
  unpacking.writeDatabase(packages);
  return packages;
}

interface Extracted extends Unpacked {
  /** where it was unpacked to */
  readonly directory: string;
  readonly control: string;
}

class Unpacking {
  /** place in the root → whose file it is, and as which */
  private readonly owners = new Map<string, { readonly files: Set<string>; readonly file: string }>();

  constructor(private readonly source: string, private readonly root: string, private readonly workplace: string) {}

  public extract(archive: string): Extracted {
    const directory = fs.mkdtempSync(path.join(this.workplace, 'deb-'));
    run({
      source: this.source,
      command: 'dpkg-deb',
      args: ['--raw-extract', archive, directory],
      missing: ONLY_DEBIAN,
      advice: (said) => (/No space left/.test(said) ? MAKE_ROOM : 'the archive is damaged, or has paths that lead out of it: it is not to be used'),
    });
    const control = readText(path.join(directory, 'DEBIAN', 'control'))?.trimEnd() ?? '';
    const [fields = new Map(), ...more] = [...paragraphs(control)];
    const field = (name: string) => fields.get(name) ?? '';
    const [name, architecture] = [field('package'), field('architecture')];
    // a second paragraph would be a package of its own in the database
    if (!/^[a-z0-9][a-z0-9+.-]+$/.test(name) || !/^[a-z0-9-]+$/.test(architecture) || more.length > 0) {
      throw new SourceError(`source ${this.source}: ${printable(path.basename(archive))} is of package '${printable(name)}' for '${printable(architecture)}', expected a package's name and an architecture`);
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

  /** Moves what was unpacked into the root. */
  public merge(one: Extracted): void {
    one.files.add('/.');
    this.moveAll(one.directory, this.root, '', one.files);
    const info = directoryInside(this.root, `${ADMIN}/info`);
    const from = path.join(one.directory, 'DEBIAN');
    for (const name of fs.readdirSync(from)) {
      if (name === 'control' || !fs.lstatSync(path.join(from, name)).isFile()) continue;
      writeNew(path.join(info, `${one.id}.${name}`), fs.readFileSync(path.join(from, name)));
    }
  }

  /** Once all are in: a package may have taken over another's file. */
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
   * @param to the directory on this machine that it leads to, inside the root and without links
   * @param listed its path as the package has it
   */
  private moveAll(from: string, to: string, listed: string, files: Set<string>): void {
    for (const name of fs.readdirSync(from).sort()) {
      if (listed === '' && name === 'DEBIAN') continue;
      const source = path.join(from, name);
      const target = path.join(to, name);
      const file = `${listed}/${name}`;
      const stat = fs.lstatSync(source);
      if (stat.isDirectory()) {
        // for its owner to be able to move what is in it
        fs.chmodSync(source, stat.mode & 0o1777 | 0o700);
        files.add(file);
        this.moveAll(source, this.directoryAt(target, stat), file, files);
      } else if (stat.isFile() || stat.isSymbolicLink()) {
        // never a set-user-ID program of root's in a cache
        if (stat.isFile()) fs.chmodSync(source, stat.mode & 0o1777);
        this.move(source, target, file, files);
      }
    }
  }

  /** As dpkg does, a file takes the place of another's, and a directory stays one. */
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

/** Each after what it depends on, as dpkg configures; circles are cut anywhere, the same on every machine. */
function ordered<P extends Unpacked>(packages: readonly P[]): P[] {
  const byName = new Map<string, P>();
  for (const one of packages) for (const name of one.provides) if (!byName.has(name)) byName.set(name, one);
  for (const one of packages) byName.set(one.name, one);
  const done = new Set<P>();
  const visited = new Set<P>();
  const visit = (one: P) => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const name of one.depends) if (byName.has(name)) visit(byName.get(name)!);
    done.add(one);
  };
  for (const one of [...packages].sort((a, b) => (a.id < b.id ? -1 : 1))) visit(one);
  return [...done];
}
