/**
 * The package database of Fedora, Amazon Linux and related distributions, read with this machine's `rpm` command.
 *
 * An rpm query runs no code of a package. rpm reads a copy of the database, because it would write locks and journals next
 * to the original.
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

/** Directories of the database: Fedora's since version 36, and the traditional one. */
const DIRECTORIES = ['/usr/lib/sysimage/rpm', '/var/lib/rpm'];
/** Files of the database, by kind: SQLite, ndb, Berkeley DB. */
const FILES = [['rpmdb.sqlite', 'rpmdb.sqlite-wal'], ['Packages.db', 'Index.db'], ['Packages']];

/** Terminators of an element, a field and a package. They are random, so no name in a package can contain them. */
export const SEPARATORS = ['\x1d', '\x1f', '\x1e'].map((character) => character + randomBytes(8).toString('hex'));
const [ELEMENT, FIELD, PACKAGE] = SEPARATORS;
const LISTS = ['REQUIRENAME', 'RECOMMENDNAME', 'PROVIDENAME', 'FILENAMES', 'FILEDIGESTS'];
const FIELDS = ['%{NAME}', '%{EVR}', '%{ARCH}', '%{SOURCERPM}', '%{FILEDIGESTALGO}', ...LISTS.map((tag) => `[%{${tag}}${ELEMENT}]`)];
const QUERY = `${FIELDS.join(FIELD)}${PACKAGE}`;

const TIMEOUT = 120 * 1000; // milliseconds

/** Reads the rpm database of a root. @returns `undefined` if there is none; an error text if it cannot be read */
export function rpmDatabase(root: Root, machine: Machine): PackageDatabase | string | undefined {
  const database = DIRECTORIES.flatMap((directory) => FILES.map((files) => files.map((file) => `${directory}/${file}`))).find(([first]) =>
    root.isFile(first),
  );
  if (!database) return undefined;
  const directory = temporaryDirectory('rpm');
  try {
    for (const file of database) {
      if (root.isFile(file)) fs.writeFileSync(path.join(directory, path.basename(file)), root.read(root.real(file)!));
    }
    const ended = runChild('rpm', ['--dbpath', directory, '--nosignature', '--nodigest', '-qa', '--queryformat', QUERY], {
      mostOutput: LIMITS.fileLists.most, timeout: TIMEOUT, environment: { ...systemEnvironment(), ...inherited('RPM_CONFIGDIR') },
    });
    if (ended.code === 'ENOENT') {
      return `rpm is not on PATH, so the package database ${database[0]} cannot be read: install it, for example with apt-get install rpm`;
    }
    if (ended.failed || ended.stdout === '') {
      return `rpm cannot read the package database ${database[0]}: ${ended.stderr.trim().split('\n')[0] || 'it lists no packages'}`;
    }
    const installed = installedIn(ended.stdout, machine, database[0]);
    return typeof installed === 'string' ? installed : new InstalledPackages(root, 'rpm', installed);
  } finally {
    discard(directory);
  }
}

/**
 * The packages in the output of rpm.
 *
 * @param file the database, for errors
 * @returns an error text if the output is incomplete
 * @throws LimitError
 */
export function installedIn(output: string, machine: Machine, file: string): Installed[] | string {
  const packages = output.split(PACKAGE).map((text) => text.split(FIELD));
  const [rest] = packages.pop()!;
  checkLimit(LIMITS.packages, packages.length, file);
  const incomplete = packages.find(({ length }) => length !== FIELDS.length);
  if (rest !== '' || incomplete) {
    const count = incomplete?.length ?? 'a part';
    return `rpm cannot read the package database ${file}: it prints ${count} of the ${FIELDS.length} fields of a package`;
  }
  return packages.flatMap((fields) => parse(fields, machine));
}

function parse([name, version, architecture, source, digest, ...lists]: readonly string[], machine: Machine): Installed[] {
  // x86_64 has variants such as x86_64_v2; imported keys are packages without an architecture
  if (!(architecture === 'noarch' || architecture.startsWith(machine))) return [];
  const elements = lists.map((list) => list.split(ELEMENT).slice(0, -1));
  const [requires, recommends, provides, files] = elements.map((list) => list.filter((element) => element !== '' && element !== '(none)'));
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

/** FILEDIGESTALGO: numbers of OpenPGP (RFC 4880, 9.4). Packages from before 2009 have none and use MD5. */
const ALGORITHMS: Readonly<Record<string, 'md5' | 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  '(none)': 'md5', '1': 'md5', '2': 'sha1', '8': 'sha256', '9': 'sha384', '10': 'sha512',
};

/** @param digests in the order of the files; empty for directories and links */
function checksumsOf(files: readonly string[], digests: readonly string[], number: string): Map<string, Checksum> {
  const algorithm = ALGORITHMS[number];
  if (algorithm === undefined || files.length !== digests.length) return new Map();
  return new Map(files.flatMap((file, index): [string, Checksum][] => (
    /^[0-9a-f]+$/.test(digests[index]) ? [[file, `${algorithm}:${digests[index]}`]] : []
  )));
}

/** The names in a relation such as `(a >= 1 if b)`. Conditions are assumed to hold. */
function namesIn(relation: string): string[] {
  if (!relation.startsWith('(')) return [relation];
  const [unconditional] = relation.slice(1, -1).split(/ (?:if|unless) /);
  return unconditional.split(/ (?:and|or|with|without) /).map((part) => part.replace(/^\(+/, '').split(' ')[0]);
}
