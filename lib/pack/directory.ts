/**
 * Writes a layer as a directory with the content of `/opt` in a function.
 */
import * as fs from 'fs';
import * as path from 'path';
import { setImmediate } from 'timers/promises';
import { written } from './entries';
import type { Packed, Progress } from './zip';
import type { PackedPlan } from '../plan/layout/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/**
 * Writes a plan's directory, whole or not at all.
 *
 * @param directory does not exist, or is empty
 */
export async function writeDirectory(plan: PackedPlan, directory: string, progress?: Progress): Promise<Packed> {
  const temporary = unfinished(directory);
  let bytes = 0;
  try {
    for (bytes of writeEntries(plan, temporary)) {
      progress?.(bytes);
      await setImmediate(); // lets signal handlers and the progress bar run
    }
    fs.renameSync(temporary, directory);
    return { bytes, zipBytes: bytes };
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', directory);
  }
}

/**
 * Writes the entries of a plan, file by file. If it fails, the caller must remove the directory.
 *
 * @param directory does not exist
 * @param mostBytes see `written`
 * @returns after each file, the total number of bytes written so far
 */
export function* writeEntries(plan: PackedPlan, directory: string, mostBytes?: number): Generator<number> {
  const existing = new Set<string>();
  const makeDirectory = (place: string) => {
    if (existing.has(place)) return;
    if (place !== directory) makeDirectory(path.dirname(place));
    fs.mkdirSync(place);
    fs.chmodSync(place, 0o755); // regardless of the umask
    existing.add(place);
  };
  let bytes = 0;
  makeDirectory(directory);
  for (const entry of written(plan, mostBytes)) {
    const place = path.join(directory, entry.name);
    makeDirectory(entry.kind === 'directory' ? place : path.dirname(place));
    if (entry.kind === 'link') {
      fs.symlinkSync(entry.target, place);
    } else if (entry.kind === 'file') {
      fs.writeFileSync(place, entry.content);
      fs.chmodSync(place, entry.mode);
      yield bytes += entry.content.length;
    }
  }
}
