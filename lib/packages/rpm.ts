/**
 * The package database of Fedora, Amazon Linux and their like, as the `rpm` command of this machine reads it.
 *
 * rpm is told to query, which runs nothing of any package, and it is given a copy: it would write locks and journals beside
 * the database.
 */
import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { type Installed, InstalledPackages } from './installed';
import type { Checksum, PackageDatabase } from './package';
import type { Machine } from '../elf';
import { checkLimit, LIMITS } from '../limits';
import { runChild } from '../process/child';
import { inherited, systemEnvironment } from '../process/environment';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import type { Root } from '../root/root';

/** Where it is: Fedora's since version 36, and everybody else's. */
const DIRECTORIES = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'];
/** Its files, by the kind that it is: SQLite's, rpm's own, Berkeley DB's. */
const FILES = [['rpmdb.sqlite', 'rpmdb.sqlite-wal'], ['Packages.db', 'Index.db'], ['Packages']];

/** What ends an element, a field, a package: it is made up each time, so that no name in a package can hold it. */
export const SEPARATORS = ['\x1d', '\x1f', '\x1e'].map((character) => character + randomBytes(8).toString('hex'));
const [ELEMENT, FIELD, PACKAGE] = SEPARATORS;
const LISTS = ['REQUIRENAME', 'RECOMMENDNAME', 'PROVIDENAME', 'FILENAMES', 'FILEDIGESTS'];
const FIELDS = ['%{NAME}', '%{EVR}', '%{ARCH}', '%{SOURCERPM}', '%{FILEDIGESTALGO}', ...LISTS.map((tag) => `[%{${tag}}${ELEMENT}]`)];
const QUERY = `${FIELDS.join(FIELD)}${PACKAGE}`;

const TIMEOUT = 120 * 1000; // milliseconds

/** @returns `undefined` where there is none; a text that says why one cannot be read */
export function rpmDatabase(root: Root, machine: Machine): PackageDatabase | string | undefined {
  const found = DIRECTORIES.flatMap((directory) => FILES.map((files) => files.map((file) => `${directory}/${file}`))).find(([first]) => root.isFile(first));
  if (!found) return undefined;
  const directory = temporaryDirectory('rpm');
  try {
    for (const file of found) {
      if (root.isFile(file)) fs.writeFileSync(path.join(directory, path.basename(file)), root.read(root.real(file)!));
    }
    const ended = runChild('rpm', ['--dbpath', directory, '--nosignature', '--nodigest', '-qa', '--queryformat', QUERY], {
      mostOutput: LIMITS.fileLists.most, timeout: TIMEOUT, environment: { ...systemEnvironment(), ...inherited('RPM_CONFIGDIR') },
    });
    if (ended.code === 'ENOENT') return `no rpm is on PATH that could read the package database ${found[0]}: install it, as with apt-get install rpm`;
    if (ended.failed || ended.stdout === '') return `rpm cannot read the package database ${found[0]}: ${ended.stderr.trim().split('\n')[0] || 'it knows of no package'}`;
    const installed = installedIn(ended.stdout, machine, found[0]);
    return typeof installed === 'string' ? installed : new InstalledPackages(root, 'rpm', installed);
  } finally {
    discard(directory);
  }
}

/**
 * The packages in the output of rpm.
 *
 * @param file the database, for errors
 * @returns a text that says why it cannot be read
 * @throws LimitError
 */
export function installedIn(output: string, machine: Machine, file: string): Installed[] | string {
  const packages = output.split(PACKAGE).map((text) => text.split(FIELD));
  const [rest] = packages.pop()!;
  checkLimit(LIMITS.packages, packages.length, file);
  const incomplete = packages.find(({ length }) => length !== FIELDS.length);
  if (rest !== '' || incomplete) {
    return `rpm cannot read the package database ${file}: it prints ${incomplete?.length ?? 'a part'} of the ${FIELDS.length} fields of a package`;
  }
  return packages.flatMap((fields) => parse(fields, machine));
}

function parse([name, version, architecture, source, digest, ...lists]: readonly string[], machine: Machine): Installed[] {
  // x86_64 has variants, x86_64_v2; a key that was imported is a package without any
  if (!(architecture === 'noarch' || architecture.startsWith(machine))) return [];
  const elements = lists.map((list) => list.split(ELEMENT).slice(0, -1));
  const [requires, recommends, provides, files] = elements.map((list) => list.filter((one) => one !== '' && one !== '(none)'));
  return [{
    name,
    source: source.replace(/(?:-[^-]+){2}$/, ''),
    version,
    architecture,
    requires: requires.flatMap(namesIn),
    recommends: recommends.flatMap(namesIn),
    provides,
    files,
    checksums: checksumsOf(elements[3], elements[4], digest),
  }];
}

/** FILEDIGESTALGO: the numbers of OpenPGP (RFC 4880, 9.4); packages from before 2009 have none, and MD5. */
const ALGORITHMS: Readonly<Record<string, 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  '(none)': 'md5', '1': 'md5', '2': 'sha1', '8': 'sha256', '9': 'sha384', '10': 'sha512',
};

/** @param digests in the order of the files; a directory's and a link's is empty */
function checksumsOf(files: readonly string[], digests: readonly string[], number: string): Map<string, Checksum> {
  const algorithm = ALGORITHMS[number];
  if (algorithm === undefined || files.length !== digests.length) return new Map();
  return new Map(files.flatMap((file, index): [string, Checksum][] => (
    /^[0-9a-f]+$/.test(digests[index]) ? [[file, `${algorithm}:${digests[index]}`]] : []
  )));
}

/** `(a >= 1 if b)` and its like say several names: what has a condition is taken as if that held. */
function namesIn(relation: string): string[] {
  if (!relation.startsWith('(')) return [relation];
  const [wanted] = relation.slice(1, -1).split(/ (?:if|unless) /);
  return wanted.split(/ (?:and|or|with|without) /).map((one) => one.replace(/^\(+/, '').split(' ')[0]);
}
