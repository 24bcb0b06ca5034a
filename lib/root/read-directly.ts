/**
 * Reads a file of this machine with as few system calls as possible.
 */
import * as fs from 'fs';
import type { MachinePath } from './paths';
import { readDescriptor } from '../elf';

const { O_RDONLY, O_NONBLOCK, O_NOCTTY, O_NOFOLLOW } = fs.constants;

/** @returns `undefined` for a link, anything else that is not a regular file, a larger file, and one that cannot be read */
export function readDirectly(file: MachinePath, most: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = fs.openSync(file, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW);
  } catch {
    return undefined;
  }
  try {
    const stat = fs.fstatSync(descriptor);
    return stat.isFile() && stat.size <= most ? readDescriptor(descriptor, Buffer.allocUnsafe(stat.size), file) : undefined;
  } catch {
    return undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}
