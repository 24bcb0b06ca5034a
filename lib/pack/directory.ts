/**
 * Writes a layer as a directory with the content of `/opt` in a function.
 */
import * as fs from 'fs';
import * as path from 'path';
import { written } from './entries';
import type { Packed, Progress } from './zip';
import type { Plan } from '../plan/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/**
 * Writes a plan's directory, whole or not at all.
 *
 * @param directory does not exist, or is empty
 */
export async function writeDirectory(plan: Plan, directory: string, progress?: Progress): Promise<Packed> {
  const temporary = unfinished(directory);
  const existing = new Set<string>();
  const makeDirectory = (place: string) => {
    if (existing.has(place)) return;
    if (place !== temporary) makeDirectory(path.dirname(place));
    fs.mkdirSync(place);
    fs.chmodSync(place, 0o755); // whatever the umask
    existing.add(place);
  };
  let bytes = 0;
  try {
    makeDirectory(temporary);
    for (const entry of written(plan)) {
      const place = path.join(temporary, entry.name);
      makeDirectory(entry.kind === 'directory' ? place : path.dirname(place));
      if (entry.kind === 'link') {
        fs.symlinkSync(entry.target, place);
      } else if (entry.kind === 'file') {
        await fs.promises.writeFile(place, entry.content);
        fs.chmodSync(place, entry.mode);
        progress?.((bytes += entry.content.length));
      }
    }
    fs.renameSync(temporary, directory);
    return { bytes, zipBytes: bytes };
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', directory);
  }
}
