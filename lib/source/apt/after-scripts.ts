/**
 * Cleans up a root after the packages' scripts have run in it: they may have created any kind of file.
 */
import * as fs from 'fs';
import { runChild } from '../../process/child';
import { systemEnvironment } from '../../process/environment';

/** set-user-ID and set-group-ID */
const SET_ID = 0o6000;

/**
 * Removes set-user-ID and set-group-ID from every file, and removes devices, pipes and sockets.
 *
 * @throws Error if the tree cannot be walked, for example because its paths are longer than the system allows
 */
export function removePrivileges(root: string): void {
  const pending: Buffer[] = [Buffer.from(root)];
  for (let directory; (directory = pending.pop()) !== undefined; ) {
    // names as bytes, because they need not be UTF-8
    for (const name of fs.readdirSync(directory, { encoding: 'buffer' })) {
      const place = Buffer.concat([directory, SLASH, name]);
      const stat = fs.lstatSync(place);
      if (stat.isDirectory()) {
        // the owner must be able to read and delete it
        fs.chmodSync(place, stat.mode & ~SET_ID & 0o7777 | 0o700);
        pending.push(place);
      } else if (stat.isFile()) {
        if ((stat.mode & SET_ID) !== 0) fs.chmodSync(place, stat.mode & ~SET_ID & 0o7777);
      } else if (!stat.isSymbolicLink()) {
        fs.unlinkSync(place);
      }
    }
  }
}

const SLASH = Buffer.from('/');

/** The disk space that a tree occupies, in bytes. */
export function diskUsage(directory: string): number {
  const { stdout } = runChild('du', ['-skx', directory], { environment: systemEnvironment() });
  return Number.parseInt(stdout, 10) * 1024;
}
