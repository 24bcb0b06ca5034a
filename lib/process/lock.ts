/**
 * A lock between processes: a file that names the process that holds it. If that process has died, the next process that requests the
 * lock removes it.
 *
 * Node.js has no flock(2). link(2) replaces it: it fails if the name exists.
 */
import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { isInUse, OWNER } from './leftovers';

/** Between two attempts, in milliseconds. */
const PAUSE = 10;
/** How long a process of another machine or container may hold the lock, in milliseconds: whether it is dead cannot be seen. */
const MOST_HELD = 10 * 60 * 1000;

/**
 * Does some work while no other process holds the lock. Waits as long as that takes: a process that holds it is at work, or dead.
 *
 * @param file in a directory that every process writes to; it is removed afterwards
 * @throws what `work` throws, and the system error if the file cannot be written
 */
export function withLock<T>(file: string, work: () => T): T {
  // the process is in the name for removeLeftovers, and in the text for those who wait
  const ticket = `${file}.${randomBytes(6).toString('hex')}.${OWNER}`;
  fs.writeFileSync(ticket, path.basename(ticket));
  try {
    while (!take(ticket, file)) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PAUSE);
    try {
      return work();
    } finally {
      fs.rmSync(file, { force: true });
    }
  } finally {
    fs.rmSync(ticket, { force: true });
  }
}

function take(ticket: string, file: string): boolean {
  try {
    fs.linkSync(ticket, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    removeIfDead(file);
    return false;
  }
}

/**
 * Removes the lock of a dead process. Its name is claimed by a second link first, so that of several processes which find it only
 * one removes it, and none removes the lock that another has taken in the meantime.
 */
function removeIfDead(file: string): void {
  const holder = readOf(file);
  if (holder === undefined || isInUse(holder.text, holder.stat, MOST_HELD)) return;
  const claim = path.join(path.dirname(file), `${path.basename(holder.text)}.dead`);
  try {
    fs.linkSync(file, claim);
  } catch (error) {
    // another process removes it, or has done so
    if (['EEXIST', 'ENOENT'].includes((error as NodeJS.ErrnoException).code!)) return;
    throw error;
  }
  if (readOf(claim)?.text === holder.text) fs.rmSync(file, { force: true });
  fs.rmSync(claim, { force: true });
}

function readOf(file: string): { readonly text: string; readonly stat: fs.Stats } | undefined {
  try {
    return { text: fs.readFileSync(file, 'utf8'), stat: fs.statSync(file) };
  } catch {
    return undefined;
  }
}
