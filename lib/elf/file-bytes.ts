import * as fs from 'fs';
import type { Bytes } from './byte-reader';
import { useRegularFile } from './regular-file';

/** What is read at once at least, in bytes: mostly the headers, or the dynamic section, and what lies around them. */
const WINDOW = 8 * 1024;
/** How many of these are kept: a reader goes to and fro between a table and its strings. */
const MOST_WINDOWS = 4;

interface Window {
  /** in the file */
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * The bytes of an open file, read where they are looked at: what a loader needs of a library of megabytes are some
 * kilobytes at its beginning and its end.
 */
export class FileBytes implements Bytes {
  /** Opens a file for as long as it takes to read what is wanted of it. */
  public static use<T>(file: string, read: (bytes: FileBytes) => T): T {
    return useRegularFile(file, (descriptor, size) => read(new FileBytes(descriptor, size)));
  }

  private readonly windows: Window[] = [];

  /** @param length the size of the file, in bytes */
  private constructor(private readonly descriptor: number, public readonly length: number) {}

  public readUInt16LE(offset: number): number {
    const { bytes, start } = this.windowOf(offset, offset + 2);
    return bytes.readUInt16LE(offset - start);
  }

  public readUInt32LE(offset: number): number {
    const { bytes, start } = this.windowOf(offset, offset + 4);
    return bytes.readUInt32LE(offset - start);
  }

  public subarray(from: number, to: number): Buffer {
    const end = Math.min(to, this.length);
    const { bytes, start } = this.windowOf(from, end);
    return bytes.subarray(from - start, end - start);
  }

  private windowOf(from: number, to: number): Window {
    for (const window of this.windows) if (window.start <= from && to <= window.start + window.bytes.length) return window;
    const window = { start: from, bytes: this.read(from, Math.min(Math.max(to - from, WINDOW), this.length - from)) };
    this.windows.unshift(window);
    if (this.windows.length > MOST_WINDOWS) this.windows.pop();
    return window;
  }

  /** A file that was cut off since it was opened has zeros where it ended. */
  private read(start: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let count = 1; filled < size && count > 0; filled += count) {
      count = fs.readSync(this.descriptor, bytes, filled, size - filled, start + filled);
    }
    return bytes.fill(0, filled);
  }
}
