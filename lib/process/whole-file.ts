/**
 * Files that are there whole or not at all, whatever ends the process that writes them.
 */
import * as fs from 'fs';

/** Where something is written before it is whole: beside the place where it is to be. */
export function unfinished(file: string): string {
  return `${file}.${process.pid}.tmp`;
}

/** Writes a file; what is there is replaced. */
export function writeWhole(file: string, content: string): void {
  const temporary = unfinished(file);
  try {
    fs.writeFileSync(temporary, content);
    fs.renameSync(temporary, file);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}
