/**
 * The removal of directory trees that were unpacked, whatever their permissions.
 */
import * as fs from 'fs';
import * as path from 'path';

/** Removes a directory and everything below it, including directories without write permission. */
export function remove(directory: string): void {
  const open = (at: string) => {
    if (!fs.lstatSync(at, { throwIfNoEntry: false })?.isDirectory()) return;
    fs.chmodSync(at, 0o700);
    for (const entry of fs.readdirSync(at, { withFileTypes: true })) if (entry.isDirectory()) open(path.join(at, entry.name));
  };
  open(directory);
  fs.rmSync(directory, { recursive: true, force: true });
}
