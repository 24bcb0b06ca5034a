import * as fs from 'fs';

/** A path at which there is something else than a regular file, such as a pipe that replaced it. */
export class SpecialFileError extends Error {
  constructor(file: string) {
    super(`${file} is not a regular file, expected one: it was replaced by a directory, a device or a pipe`);
    this.name = 'SpecialFileError';
  }
}

/**
 * Opens a regular file for reading for as long as `use` takes. A pipe or device in its place is neither waited for nor read:
 * open(2) with O_NONBLOCK does not block on a pipe that has no writer.
 *
 * @throws SpecialFileError
 */
export function useRegularFile<T>(file: string, use: (descriptor: number, size: number) => T): T {
  const descriptor = fs.openSync(file, fs.constants.O_RDONLY + fs.constants.O_NONBLOCK + fs.constants.O_NOCTTY);
  try {
    const stat = fs.fstatSync(descriptor);
    if (!stat.isFile()) throw new SpecialFileError(file);
    return use(descriptor, stat.size);
  } finally {
    fs.closeSync(descriptor);
  }
}
