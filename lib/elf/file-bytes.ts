/**
 * The bytes of an open file, read on access.
 */
import * as fs from 'fs';
import type { Bytes } from './byte-reader';
import { useRegularFile } from './regular-file';

/** Minimum size of a read, in bytes: enough for the headers, or for the dynamic section and its surroundings. */
const WINDOW = 8 * 1024;
/** Number of windows that are kept: a reader alternates between a table and its strings. */
const MOST_WINDOWS = 4;

interface Window {
  /** offset in the file */
  readonly start: number;
  readonly bytes: Buffer;
}

/**
 * The bytes of an open file, read on access. The headers and the dynamic section of a library are a few kilobytes at its beginning and
 * end, even if it has several megabytes.
 */
export class FileBytes implements Bytes {
  /** Opens a file and passes its bytes to `read`, then closes it. */
  public static use<T>(file: string, read: (bytes: FileBytes) => T): T {
    return useRegularFile(file, (descriptor, size) => read(new FileBytes(descriptor, size)));
  }

  private readonly windows: Window[] = [];

  /** @param length the size of the file, in bytes */
  constructor(private readonly descriptor: number, public readonly length: number) {}

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

  /** If the file was truncated after it was opened, the missing bytes are zeros. */
  private read(start: number, size: number): Buffer {
    const bytes = Buffer.allocUnsafe(size);
    let filled = 0;
    for (let count = 1; filled < size && count > 0; filled += count) {
      count = fs.readSync(this.descriptor, bytes, filled, size - filled, start + filled);
    }
    return bytes.fill(0, filled);
  }
}
