/**
 * The layer as a directory: what `/opt` is in a function.
 */
import * as fs from 'fs';
import * as path from 'path';
import { written } from './entries';
import type { Packed, Progress } from './zip';
import { Plan } from '../plan/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/**
 * Writes a plan's directory, whole or not at all.
 *
 * @param directory where to: nothing may be there, or an empty directory
 */
export async function writeDirectory(plan: Plan, directory: string, progress?: Progress): Promise<Packed> {
  const temporary = unfinished(directory);
  const made = new Set<string>();
  const make = (wanted: string) => {
    if (made.has(wanted)) return;
    if (wanted !== temporary) make(path.dirname(wanted));
    fs.mkdirSync(wanted);
    fs.chmodSync(wanted, 0o755); // the umask took its part
    made.add(wanted);
  };
  let bytes = 0;
  try {
    make(temporary);
    for (const entry of written(plan)) {
      const place = path.join(temporary, entry.name);
      make(entry.kind === 'directory' ? place : path.dirname(place));
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
