/**
 * A lock between processes: a file that names the process that holds it. If that process has died, the next process that requests the
 * lock removes it.
 *
 * Node.js has no flock(2), so the lock is taken with link(2), which fails if the name exists.
 */
import { randomBytes } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { isInUse, OWNER } from './leftovers';

/** Pause between two attempts to take the lock, in milliseconds. */
const PAUSE = 10;
/** Age in milliseconds at which the lock of a process of another machine or container is removed, because the process may be dead. */
const MOST_HELD = 10 * 60 * 1000;

/**
 * Takes the lock, does some work, and releases the lock. Waits for the lock without a time limit: either the process that holds it is at
 * work, or that process is dead, and this function removes its lock.
 *
 * @param file the lock file, which is removed afterwards. All processes that use the lock must be able to write to its directory
 * @throws what `work` throws, and the system error if the file cannot be written
 */
export function withLock<T>(file: string, work: () => T): T {
  // the ticket's name identifies this process for `removeLeftovers`. Its text does so for processes that wait: the lock is a link to it
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
 * Removes the lock of a dead process. Several processes may find that lock at the same time: only the process that makes a second link to
 * it, the claim, removes it. That process first reads the lock again through the claim, so that it does not remove a lock that another
 * process has taken in the meantime.
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
