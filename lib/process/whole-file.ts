/**
 * Writes files that are complete or absent, even if the process that writes them is killed.
 */
import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { OWNER, removeLeftovers } from './leftovers';
import { discard } from './remove-tree';
import { fileError } from '../text/file-error';

/**
 * Returns the path for an incomplete file, next to the complete one. Leftovers of killed processes are removed from there.
 *
 * @param suffix @default .tmp
 */
export function unfinished(file: string, suffix = '.tmp'): string {
  removeLeftovers(path.dirname(file), `${path.basename(file)}.`);
  return `${file}.${OWNER}${suffix}`;
}

/** Like `unfinished`, with another name at each call: for several writers of one file in one process. */
export function uniqueUnfinished(file: string, suffix = '.tmp'): string {
  removeLeftovers(path.dirname(file), `${path.basename(file)}.`);
  return `${file}.${randomBytes(6).toString('hex')}.${OWNER}${suffix}`;
}

/**
 * Writes a file. An existing one is replaced.
 *
 * @param content one part, or several to be written one after the other
 */
export function writeWhole(file: string, content: string | Buffer | readonly Buffer[]): void {
  const temporary = uniqueUnfinished(file);
  try {
    const descriptor = fs.openSync(temporary, 'w');
    try {
      for (const part of [content].flat()) fs.writeFileSync(descriptor, part);
    } finally {
      fs.closeSync(descriptor);
    }
    fs.renameSync(temporary, file);
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}

/** Moves a finished file to its place, and replaces a file or directory there. */
export function putInPlace(finished: string, file: string): void {
  if (fs.lstatSync(file, { throwIfNoEntry: false })?.isDirectory()) fs.rmSync(file, { recursive: true });
  fs.renameSync(finished, file);
  // rename(2) does nothing if both are hard links to one file, so `finished` would stay
  fs.rmSync(finished, { force: true });
}
