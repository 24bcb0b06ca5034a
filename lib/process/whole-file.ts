/**
 * Files that are there whole or not at all, whatever ends the process that writes them.
 */
import * as fs from 'fs';
import * as path from 'path';
import { OWNER, removeLeftovers } from './leftovers';
import { discard } from './remove-tree';
import { fileError } from '../text/file-error';

/**
 * Where a file is written before it is whole: beside the file. What processes that were killed left there is removed.
 *
 * @param suffix @default .tmp
 */
export function unfinished(file: string, suffix = '.tmp'): string {
  removeLeftovers(path.dirname(file), `${path.basename(file)}.`);
  return `${file}.${OWNER}${suffix}`;
}

/** Writes a file; what is there is replaced. */
export function writeWhole(file: string, content: string): void {
  const temporary = unfinished(file);
  try {
    fs.writeFileSync(temporary, content);
    fs.renameSync(temporary, file);
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}
