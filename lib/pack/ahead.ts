/**
 * Compresses files while the layer that may contain them is being planned. Most of their blocks are the same in the layer.
 */
import { availableParallelism } from 'os';
import { deflate, type DeflateOptions } from './deflate';
import type { KnownBlocks } from './known-blocks';
import { MOST_BYTES } from '../lambda';
import { LIMITS } from '../limits';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/** Number of blocks that are compressed at a time. Planning takes one core. */
const BLOCKS = Math.max(availableParallelism() - 1, 1);
/** Larger files are compressed when they are packed, if at all. */
const LIMIT = { ...LIMITS.file, most: MOST_BYTES };

interface File {
  readonly root: Root;
  readonly real: RootPath;
}

export class Ahead {
  private files: File[] = [];
  private isRunning = false;

  constructor(private readonly known: KnownBlocks) {}

  /** @param files their resolved paths in the root */
  public add(root: Root, files: readonly RootPath[]): void {
    this.files.push(...files.map((real) => ({ root, real })));
    if (!this.isRunning) void this.run();
  }

  /** To be called when the plan is complete. */
  public stop(): void {
    this.files = [];
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    const known: DeflateOptions['known'] = {
      deflated: (bytes, options, compress) => this.known.deflatedAhead(bytes, options, compress),
    };
    for (let file; (file = this.files.shift()) !== undefined; ) {
      if (this.known.isFull) continue;
      const { files } = this;
      try {
        const content = file.root.read(file.real, LIMIT);
        await deflate(content, { known, blocksAtATime: BLOCKS, isStopped: () => this.files !== files });
      } catch {
        // reported when it is packed
      }
    }
    this.isRunning = false;
  }
}
