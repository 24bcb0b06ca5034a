/**
 * Opens files of a source. A pipe or a device in the place of a file is an error: it is neither waited for nor read.
 */
import * as fs from 'fs';
import { LayerError } from '../error';
import { fileError } from '../text/file-error';
import { printableName } from '../text/printable';

/** A path that leads to something other than a regular file, such as a pipe. */
export class SpecialFileError extends LayerError {
  constructor(file: string) {
    super(`${printableName(file)} is not a regular file, expected one: it was replaced by a directory, a device or a pipe`);
    this.name = 'SpecialFileError';
  }
}

/**
 * Opens a regular file for reading, calls `use` and closes the file. A pipe or device in its place is neither waited for nor read:
 * open(2) with O_NONBLOCK does not block on a pipe that has no writer.
 *
 * @throws SpecialFileError
 */
export function useRegularFile<T>(file: string, use: (descriptor: number, size: number) => T): T {
  const descriptor = open(file);
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) throw new SpecialFileError(file);
    return use(descriptor, stat.size);
  } finally {
    fs.closeSync(descriptor);
  }
}

function open(file: string): number {
  try {
    return fs.openSync(file, fs.constants.O_RDONLY + fs.constants.O_NONBLOCK + fs.constants.O_NOCTTY);
  } catch (error) {
    throw fileError(error, 'cannot read', file);
  }
}

/**
 * Fills a buffer from a file. The result is shorter than the buffer if the file ends too early, for example because it was truncated.
 *
 * @param file its path, for messages
 * @param position where the bytes start in the file
 */
export function readDescriptor(descriptor: number, buffer: Buffer, file: string, position = 0): Buffer {
  try {
    let length = 0;
    for (let count = 1; length < buffer.length && count > 0; length += count) {
      count = fs.readSync(descriptor, buffer, length, buffer.length - length, position + length);
    }
    return buffer.subarray(0, length);
  } catch (error) {
    throw fileError(error, 'cannot read', file);
  }
}
