/**
 * `--from-list`: a list of files to pack, one name per line.
 */
import * as path from 'path';
import { readText } from './file-arguments';
import { LayerError } from '../error';
import type { Root } from '../root/root';
import { printable } from '../text/printable';

/** A list without any file that can be packed. */
class ListError extends LayerError {}

export interface FileList {
  readonly files: readonly string[];
  /** names of files that do not exist */
  readonly missing: readonly string[];
}

/**
 * Reads a list of files. Directories in it are skipped, because `dpkg -L` lists the parents of each file.
 *
 * @throws ListError, UsageError
 */
export function readFileList(list: string | undefined, root: Root, cwd: string): FileList {
  if (list === undefined) return { files: [], missing: [] };
  const lines = readText('--from-list', list, 'a list of files, one name per line').split('\n')
    .map((line) => line.replace(/\r$/, '')).filter(Boolean);
  const [files, missing]: string[][] = [[], []];
  for (const line of lines) {
    const file = path.posix.resolve(cwd, line);
    if (!root.isDirectory(file)) (root.isFile(file) ? files : missing).push(line);
  }
  if (files.length === 0) {
    const onlyDirectories = lines.length > 0 ? 'all are directories' : 'it is empty';
    const reason = missing.length > 0 ? `these do not exist: ${firstOf(missing)}` : onlyDirectories;
    throw new ListError(
      `--from-list ${list} has no file that can be packed: ${reason}; expected one name per line, absolute or relative to ${cwd}`,
    );
  }
  return { files, missing };
}

/** Maximum number of names in a message. */
const MOST_NAMES = 8;

export function firstOf(names: readonly string[]): string {
  const more = names.length > MOST_NAMES ? ` and ${names.length - MOST_NAMES} more` : '';
  return `${names.slice(0, MOST_NAMES).map(printable).join(', ')}${more}`;
}
