/**
 * The lock file of a workload. Users commit it, and layers are built from it without running commands.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { type Workload, WorkloadError } from './workload';
import { exceeding, LIMITS } from '../limits';
import { RULES_VERSION } from '../plan/layout/plan';
import type { Gathered } from '../plan/plan-layer';
import { writeWhole } from '../process/whole-file';
import type { RootPath } from '../root/paths';
import { sha256OfFile } from '../root/sha256';
import { fileError } from '../text/file-error';
import { printable } from '../text/printable';

/** Version of the format. */
const VERSION = 1;

/** The files of a source that a workload uses, in a form that can be stored. Resolved paths, sorted. */
export interface Outcome {
  /** files that stay; libraries only if they are called or kept */
  readonly files: readonly RootPath[];
  /** libraries whose variables are imported, but read by no command: their stubs give each variable an address that cannot be read */
  readonly unread: readonly RootPath[];
  /** directories that stay even if they are empty */
  readonly directories: readonly RootPath[];
}

interface Lock {
  readonly version: number;
  readonly rules: number;
  readonly machine: string;
  readonly programs: readonly string[];
  /** hash of the command lines, `keep`, and the content of `workloadFiles` */
  readonly workload: string;
  /** name → version of each package that owns one of the files */
  readonly packages: Readonly<Record<string, string>>;
  /** hash of the content of the files */
  readonly content: string;
  readonly files: readonly string[];
  readonly unread: readonly string[];
  readonly directories: readonly string[];
}

/** Hash of everything that a workload consists of. */
export function workloadHash({ commands, keep, files }: Workload): string {
  return hashOf([commands, keep, files === undefined ? undefined : contentOf(files)]);
}

/** Path, mode and hash of each file in a directory; links are not followed. */
function contentOf(directory: string): readonly unknown[] {
  const content: unknown[] = [];
  const walk = (at: string) => {
    for (const entry of fs.readdirSync(at, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const file = path.join(at, entry.name);
      const name = path.relative(directory, file);
      const count = content.length + 1;
      if (count > LIMITS.directoryEntries.most) throw new WorkloadError(`workloadFiles: ${exceeding(LIMITS.directoryEntries, count)}`);
      if (entry.isDirectory()) walk(file);
      else if (entry.isSymbolicLink()) content.push([name, fs.readlinkSync(file)]);
      else if (entry.isFile()) content.push([name, fs.statSync(file).mode & 0o111, sha256OfFile(file)]);
    }
  };
  try {
    walk(directory);
  } catch (error) {
    throw fileError(error, 'cannot read workloadFiles', directory);
  }
  return content;
}

/** Writes the lock of an outcome. */
export function writeLock(file: string, outcome: Outcome, workload: Workload, gathered: Gathered): void {
  writeWhole(file, `${JSON.stringify(lockOf(outcome, workload, gathered), undefined, 1)}\n`);
}

function lockOf({ files, unread, directories }: Outcome, workload: Workload, gathered: Gathered): Lock {
  const { root, packages, machine, programs, project } = gathered;
  const owners = files.flatMap((real) => packages.ownerOf(real) ?? []);
  return {
    version: VERSION,
    rules: RULES_VERSION,
    machine,
    programs: [...programs.keys()],
    workload: workloadHash(workload),
    packages: Object.fromEntries(owners.map(({ name, version }) => [name, version] as const).sort(([a], [b]) => (a < b ? -1 : 1))),
    content: hashOf(files.map((real) => [portable(real, project), root.content(real).sha256])),
    files: files.map((real) => portable(real, project)),
    unread: unread.map((real) => portable(real, project)),
    directories: directories.map((real) => portable(real, project)),
  };
}

/**
 * Reads the outcome that a lock describes, and checks that it matches the workload and the source.
 *
 * @returns `undefined` if there is no lock
 * @throws WorkloadError if it does not match
 */
export function readLock(file: string, workload: Workload, gathered: Gathered): Outcome | undefined {
  const lock = parsed(file);
  if (lock === undefined) return undefined;
  const { collected: { selection }, project } = gathered;
  const outcome = {
    files: lock.files.map((name) => path.posix.resolve(project, name)),
    unread: lock.unread.map((name) => path.posix.resolve(project, name)),
    directories: lock.directories.map((name) => path.posix.resolve(project, name)),
  };
  const refuse = (problem: string) => refusal(file, problem);
  if (lock.rules !== RULES_VERSION) {
    throw refuse(`another version of cdk-binary-layer wrote it (rules ${lock.rules}, expected ${RULES_VERSION})`);
  }
  if (lock.machine !== gathered.machine) throw refuse(`it is for ${printable(lock.machine)}, expected ${gathered.machine}`);
  const names = [...gathered.programs.keys()].join(', ');
  if (lock.programs.join(', ') !== names) throw refuse(`it is for ${printable(lock.programs.join(', '))}, expected ${names}`);
  if (lock.workload !== workloadHash(workload)) {
    throw refuse('the workload has changed: its commands, `keep` or the files in `workloadFiles`');
  }
  const missing = outcome.files.find((real) => !selection.files.has(real));
  if (missing !== undefined) throw refuse(`the source does not have ${printable(missing)}`);
  const current = lockOf(outcome, workload, gathered);
  if (current.content !== lock.content) throw refuse(changes(lock.packages, current.packages));
  return outcome;
}

/** Describes how the source has changed: one package whose version differs, and the number of other such packages. */
function changes(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): string {
  const changed = Object.keys(now).filter((name) => before[name] !== now[name]);
  if (changed.length === 0) return 'files that the workload uses have changed';
  const [name] = changed;
  const locked = before[name] === undefined ? 'does not have it' : `has ${printable(before[name])}`;
  const more = changed.length > 1 ? `; other packages that have changed: ${changed.length - 1}` : '';
  return `the source has ${name} ${now[name]}, but the lock ${locked}${more}`;
}

function refusal(file: string, problem: string): WorkloadError {
  return new WorkloadError([
    `workloadLock ${file} does not fit: ${problem}`,
    `  renew it: run binary-layer slim with the same options and --lock ${file}, or remove the file and synthesize on a machine that can`,
    '  run the commands; then commit it',
  ].join('\n'), 'workloadLock');
}

function parsed(file: string): Lock | undefined {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, 'cannot read workloadLock', file);
  }
  let lock: unknown;
  try {
    lock = JSON.parse(text);
  } catch {
    throw refusal(file, 'it is not JSON');
  }
  if (!isLock(lock)) throw refusal(file, `it is not a lock of version ${VERSION}`);
  return lock;
}

function isLock(lock: any): lock is Lock {
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((text) => typeof text === 'string');
  return lock?.version === VERSION && typeof lock.rules === 'number' &&
    [lock.machine, lock.workload, lock.content].every((text) => typeof text === 'string') &&
    [lock.programs, lock.files, lock.unread, lock.directories].every(isTexts) &&
    typeof lock.packages === 'object' && lock.packages !== null && isTexts(Object.values(lock.packages));
}

/** A path that is the same on each machine: files of the project are relative to the working directory. */
function portable(real: string, project: string): string {
  return project !== '/' && real.startsWith(`${project}/`) ? real.slice(project.length + 1) : real;
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex');
}
