/**
 * Memory into which one file after another is read. Allocating memory for each file would take as long as reading it.
 */
import type { RootPath } from './paths';
import { readDescriptor } from '../elf';
import { LIMITS } from '../limits';

interface Read {
  readonly real: RootPath;
  readonly bytes: Buffer;
}

export class ReadingMemory {
  private room: Buffer = Buffer.alloc(0);
  /** the file whose bytes are in `room`, kept because several rules in a row search the same file */
  private last?: Read;

  /** True if a file is the one that was read last. */
  public has(real: RootPath): boolean {
    return this.last?.real === real;
  }

  /** Passes the bytes of the file that was read last to `use`. They are valid until it returns. */
  public lendLast<T>(use: (bytes: Buffer) => T): T {
    return this.lend(this.last!, use, this.room);
  }

  /** Reads a file, and passes its bytes to `use`. They are valid until it returns. */
  public read<T>(descriptor: number, size: number, real: RootPath, use: (bytes: Buffer) => T): T {
    const { room } = this;
    this.last = undefined;
    const enough = room.length >= size ? room : Buffer.allocUnsafeSlow(Math.min(Math.max(size, 2 * room.length), LIMITS.file.most));
    return this.lend({ real, bytes: readDescriptor(descriptor, enough.subarray(0, size), real) }, use, enough);
  }

  /** @param room the memory that has the bytes. Until `use` returns, `this.room` is empty, so a read inside `use` allocates other memory */
  private lend<T>(last: Read, use: (bytes: Buffer) => T, room: Buffer): T {
    this.room = Buffer.alloc(0);
    this.last = undefined;
    try {
      return use(last.bytes);
    } finally {
      this.room = room;
      this.last = last;
    }
  }
}
