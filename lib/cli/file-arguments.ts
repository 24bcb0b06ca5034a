/**
 * Files that a command line names. They are checked before any work is done.
 */
import * as fs from 'fs';
import * as path from 'path';
import { UsageError } from './usage';

/** The file name that stands for standard input or standard output. */
export const STANDARD = '-';

/** The status of a path, with links followed. Undefined if it does not exist. */
export function statusOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/**
 * @param label the name of the file in messages, preceded by its option if there is one
 * @throws UsageError if the file does not exist, is a directory, or cannot be read
 */
export function checkInput(file: string, expected: string, label = file): void {
  const stat = statusOf(file);
  if (!stat || stat.isDirectory()) throw new UsageError(`${label} ${stat ? 'is a directory' : 'does not exist'}, expected ${expected}`);
  try {
    fs.accessSync(file, fs.constants.R_OK);
  } catch {
    throw new UsageError(`${label}: it cannot be read by this user, expected ${expected}`);
  }
}

/** @throws UsageError if the file cannot be read */
export function readText(option: string, file: string, expected: string): string {
  if (file === STANDARD) return fs.readFileSync(0, 'utf8');
  checkInput(file, expected, `${option} ${file}`);
  return fs.readFileSync(file, 'utf8');
}

/** @throws UsageError if the parent directory does not exist */
export function checkDirectory(option: string, file: string): void {
  const parent = path.dirname(path.resolve(file));
  if (!statusOf(parent)?.isDirectory()) throw new UsageError(`${option} ${file}: no directory ${parent}, make it first`);
}

/** @throws UsageError if the name is empty, its parent directory does not exist, or it is the name of something other than a file */
export function checkOutput(option: string, file: string): void {
  if (file === '') throw new UsageError(`${option} is empty, expected the name of a file`);
  checkDirectory(option, file);
  const stat = statusOf(file);
  if (stat && !stat.isFile()) {
    const kind = stat.isDirectory() ? 'a directory' : 'a special file';
    throw new UsageError(`${option} ${file}: ${kind} is there, expected a file, or nothing`);
  }
}

/**
 * @param files with their options, in the order in which they are read and written
 * @throws UsageError if one would overwrite another
 */
export function checkApart(files: readonly (readonly [option: string, file: string | undefined])[]): void {
  const taken = new Map<string, string>();
  for (const [option, file] of files) {
    if (file === undefined || file === STANDARD) continue;
    const place = path.resolve(file);
    const real = path.join(fs.realpathSync(path.dirname(place)), path.basename(place));
    const other = taken.get(real);
    if (other !== undefined) throw new UsageError(`${option} ${file} would be written over ${other}: give it another name`);
    taken.set(real, `${option} ${file}`.trim());
  }
}
