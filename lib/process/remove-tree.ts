/**
 * The removal of directory trees that came from elsewhere, whatever their permissions and their depth.
 */
import * as fs from 'fs';
import * as path from 'path';
import { printableName } from '../text/printable';

/** Removes a file or a tree. One that cannot be removed is reported on standard error: it never fails what was done. */
export function discard(place: string): void {
  try {
    removeTree(place);
  } catch (error) {
    if (!fs.existsSync(place)) return; // it was never made, or another process was quicker
    process.stderr.write(`binary-layer: ${printableName(place)} could not be removed: ${printableName((error as Error).message)}\n`);
  }
}

/**
 * Removes a file or a tree, including directories that their owner may not write to, of any depth: each directory is moved
 * to the top before it is emptied, so no path becomes longer than the system allows.
 */
export function removeTree(place: string): void {
  const stat = fs.lstatSync(place, { throwIfNoEntry: false });
  if (!stat) return;
  if (!stat.isDirectory()) {
    fs.rmSync(place, { force: true });
    return;
  }
  let moved = 0;
  const pending: (string | Buffer)[] = [place];
  for (let directory; (directory = pending.pop()) !== undefined; ) {
    fs.chmodSync(directory, 0o700);
    // names as bytes: they need not be UTF-8
    for (const entry of fs.readdirSync(directory, { withFileTypes: true, encoding: 'buffer' as BufferEncoding })) {
      const inside = Buffer.concat([Buffer.from(directory), SLASH, entry.name as unknown as Buffer]);
      if (!entry.isDirectory()) {
        fs.unlinkSync(inside);
      } else if (directory === place) {
        pending.push(inside);
      } else {
        const top = path.join(place, `.removed-${process.pid}-${moved++}`);
        move(inside, top);
        pending.push(top);
      }
    }
    if (directory !== place) fs.rmdirSync(directory);
  }
  fs.rmdirSync(place);
}

const SLASH = Buffer.from('/');

/** A directory that is moved gets another `..`, for which its owner has to be allowed to write to it. */
function move(directory: Buffer, to: string): void {
  try {
    fs.renameSync(directory, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    fs.chmodSync(directory, 0o700);
    fs.renameSync(directory, to);
  }
}
