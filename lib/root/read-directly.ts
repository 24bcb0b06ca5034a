/**
 * Reads a file of this machine with as few system calls as possible.
 */
import * as fs from 'fs';
import type { MachinePath } from './paths';
import { nodeOf } from './stamp';
import { readDescriptor } from '../elf';

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = fs.constants;

export interface Stamped {
  readonly bytes: Buffer;
  /** returns the stamp of its status when it was read: see `Root.stampUnrecorded` */
  readonly stamp: () => string;
}

/**
 * @param room the bytes are read into it if it is large enough
 * @returns `undefined` for a link, anything else that is not a regular file, a larger file, and one that cannot be read
 */
export function readDirectly(file: MachinePath, most: number, room: Buffer): Stamped | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
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
