/**
 * Removes directory trees of any depth and with any permissions.
 */
import * as fs from 'fs';
import * as path from 'path';
import { printableName } from '../text/printable';

/** Removes a file or a tree. If that fails, it prints a message on standard error and does not throw. */
export function discard(place: string): void {
  try {
    removeTree(place);
  } catch (error) {
    if (!fs.existsSync(place)) return; // never made, or removed by another process
    process.stderr.write(`binary-layer: ${printableName(place)} could not be removed: ${printableName((error as Error).message)}\n`);
  }
}

/**
 * Removes a file, or a tree of any depth, including directories that their owner may not write to. Each directory is moved
 * to the top of the tree before it is emptied, so no path becomes longer than the system allows.
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

/** Moves a directory. This changes the directory's `..` and so requires write permission for the directory, which is added if necessary. */
function move(directory: Buffer, to: string): void {
  try {
    fs.renameSync(directory, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EACCES') throw error;
    fs.chmodSync(directory, 0o700);
    fs.renameSync(directory, to);
  }
}
