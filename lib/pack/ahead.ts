/**
 * Compresses files while the layer that may contain them is being planned. Most of their blocks are the same in the layer.
 */
import { availableParallelism } from 'os';
import { deflate } from './deflate';
import type { KnownBlocks } from './known-blocks';
import { readDescriptor, useRegularFile } from '../elf';
import { MOST_BYTES } from '../lambda';

/** At a time. One core plans. */
const BLOCKS = Math.max(availableParallelism() - 1, 1);

export class Ahead {
  private files: string[] = [];
  private isRunning = false;

  constructor(private readonly known: KnownBlocks) {}

  /** @param files absolute paths on this machine */
  public add(files: readonly string[]): void {
    this.files.push(...files);
    if (!this.isRunning) void this.run();
  }

  /** To be called when the plan is complete. */
  public stop(): void {
    this.files = [];
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    for (let file; (file = this.files.shift()) !== undefined; ) {
      const { files } = this;
      try {
        const content = useRegularFile(file, (descriptor, size) => (
          readDescriptor(descriptor, Buffer.allocUnsafe(size <= MOST_BYTES ? size : 0), file!)));
        await deflate(content, { known: this.known, blocksAtATime: BLOCKS, isStopped: () => this.files !== files });
      } catch {
        // reported when it is packed
      }
    }
    this.isRunning = false;
  }
}
