/**
 * The files that a command line names: what is wrong with them is said before anything is done.
 */
import * as fs from 'fs';
import * as path from 'path';
import { UsageError } from './usage';

/** Named in place of a file: standard input, or standard output. */
export const STANDARD = '-';

/** What is at a path, links followed; `undefined` for nothing. */
export function statusOf(file: string): fs.Stats | undefined {
  try {
    return fs.statSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new UsageError(`${file} cannot be looked at: ${(error as Error).message}`);
  }
}

/**
 * @param label what it goes by in messages: its name, behind the option if it has one
 * @throws UsageError for one that cannot be read
 */
export function checkInput(file: string, expected: string, label = file): void {
  const stat = statusOf(file);
  if (!stat || stat.isDirectory()) throw new UsageError(`${label}: ${stat ? 'a directory' : 'nothing'} is there, expected ${expected}`);
  try {
    fs.accessSync(file, fs.constants.R_OK);
  } catch {
    throw new UsageError(`${label}: it cannot be read by this user, expected ${expected}`);
  }
}

/** @throws UsageError for what cannot be read */
export function readText(option: string, file: string, expected: string): string {
  if (file === STANDARD) return fs.readFileSync(0, 'utf8');
  checkInput(file, expected, `${option} ${file}`);
  return fs.readFileSync(file, 'utf8');
}

/** @throws UsageError where there is no directory for something to be written into */
export function checkDirectory(option: string, file: string): void {
  const parent = path.dirname(path.resolve(file));
  if (!statusOf(parent)?.isDirectory()) throw new UsageError(`${option} ${file}: no directory ${parent}, make it first`);
}

/** @throws UsageError where no file can be written, or replaced */
export function checkOutput(option: string, file: string): void {
  if (file === '') throw new UsageError(`${option} is empty, expected the name of a file`);
  checkDirectory(option, file);
  const stat = statusOf(file);
  if (stat && !stat.isFile()) throw new UsageError(`${option} ${file}: ${stat.isDirectory() ? 'a directory' : 'a special file'} is there, expected a file, or nothing`);
}

/**
 * @param files each with its option, in the order in which they would be read and written
 * @throws UsageError where one would be written over another
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
