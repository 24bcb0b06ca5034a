/**
 * Reads a file of this machine with as few system calls as possible.
 */
import * as fs from 'fs';
import type { MachinePath } from './paths';
import { contentStampOf, nodeOf } from './stamp';
import { readDescriptor } from '../elf';
import { fileError } from '../text/file-error';

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = fs.constants;
/** With these flags, open(2) fails for a link, and does not block for a pipe without a writer. */
const FLAGS = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW;

/** Errors of open(2) on a path that no longer leads to the file: it is absent, a link, below a file, or a socket. */
const GONE = ['ENOENT', 'ELOOP', 'ENOTDIR', 'ENXIO'];

export interface Stamped {
  readonly bytes: Buffer;
  /** returns the stamp that the file's status had when the bytes were read: see `Root.stampUnrecorded` */
  readonly stamp: () => string;
}

/**
 * @param room the bytes are read into it if it is large enough
 * @returns `undefined` if the file is not a regular file (a link, for example), has more than `most` bytes, or cannot be read
 */
export function readDirectly(file: MachinePath, most: number, room: Buffer): Stamped | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, FLAGS);
  } catch {
    return undefined;
  }
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile() || stat.size > most) return undefined;
    const into = stat.size <= room.length ? room.subarray(0, stat.size) : Buffer.allocUnsafe(stat.size);
    return { bytes: readDescriptor(descriptor, into, file), stamp: () => nodeOf(file, stat).stamp };
  } catch {
    return undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}

/**
 * The bytes of a regular file if it still has the stamp, which may include a hash of the bytes.
 *
 * @returns `undefined` if it has changed or is not a regular file any more
 * @throws Error if it cannot be read
 */
export function readUnchanged(file: MachinePath, stamp: string): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, FLAGS);
  } catch (error) {
    if (GONE.includes((error as NodeJS.ErrnoException).code!)) return undefined;
    throw fileError(error, 'cannot read', file);
  }
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) return undefined;
    const bytes = readDescriptor(descriptor, Buffer.allocUnsafe(stat.size), file);
    const [before, after] = [stat, fs.fstatSync(descriptor)].map((one) => nodeOf(file, one));
    return before.stamp === after.stamp && contentStampOf(after, bytes) === stamp ? bytes : undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}
