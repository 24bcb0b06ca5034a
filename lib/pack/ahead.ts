/**
 * Compresses files while the layer that may contain them is being planned. Most files are not edited for the layer. When the layer is
 * packed, these are neither read nor compressed again. In an edited file, most blocks stay the same: only the others are compressed again.
 */
import { availableParallelism } from 'os';
import { crc32 } from 'zlib';
import { deflate, type DeflateOptions } from './deflate';
import type { KnownBlocks } from './known-blocks';
import type { ContentFacts } from './zip-writer';
import { MOST_BYTES } from '../lambda';
import { LIMITS } from '../limits';
import type { PackedFile } from '../plan/layout/plan';
import type { RootPath } from '../root/paths';
import { sourceOfBytecode } from '../root/python-bytecode';
import type { Root } from '../root/root';

/** Number of blocks that are compressed at a time. One core is left for planning. */
const BLOCKS = Math.max(availableParallelism() - 1, 1);
/** Larger files are compressed when they are packed, if at all. */
const LIMIT = { ...LIMITS.file, most: MOST_BYTES };
/** Size, in bytes, of the buffer that files are read into. A larger file gets a buffer of its own. */
const ROOM = 1024 * 1024;

interface File {
  readonly root: Root;
  readonly real: RootPath;
}

/** A packed file whose content was compressed ahead. */
export interface KnownFile extends ContentFacts {
  readonly deflated: readonly Promise<Buffer>[];
}

/** A file that was compressed as it is in the source. */
interface Compressed extends ContentFacts {
  /** stamp of the file when it was read */
  readonly stamp: string;
  /** keys of its blocks: see `KnownBlocks` */
  readonly keys: readonly string[];
}

export class Ahead {
  private files: File[] = [];
  private isRunning = false;
  /** by their paths on this machine */
  private readonly compressed = new Map<string, Compressed>();
  private readonly room = Buffer.allocUnsafeSlow(ROOM);

  constructor(private readonly blocks: KnownBlocks) {}

  /** @param files their resolved paths in the root */
  public add(root: Root, files: readonly RootPath[]): void {
    // bytecode is always edited: it contains the path of its source
    const unedited = files.filter((real) => sourceOfBytecode(real) === undefined);
    this.files.push(...unedited.map((real) => ({ root, real })));
    if (!this.isRunning) void this.run();
  }

  /** To be called when the plan is complete. */
  public stop(): void {
    this.files = [];
  }

  /** The content of a file; `undefined` if it was not compressed ahead, has changed, is edited, or has a block that is no longer kept. */
  public known({ real, stamp, edits, stub, locale, compressed: stored }: PackedFile, root: Root): KnownFile | undefined {
    const { aliases = [], ...otherEdits } = edits ?? {};
    const isEdited = [stub, locale, stored, ...Object.values(otherEdits)].some((edit) => edit !== undefined);
    if (isEdited || aliases.length > 0) return undefined;
    const file = this.compressed.get(root.location + real);
    if (file?.stamp !== stamp || root.stampUnrecorded(real) !== stamp) return undefined;
    const deflated = file.keys.map((key) => this.blocks.get(key)).filter((block) => block !== undefined);
    return deflated.length < file.keys.length ? undefined : { size: file.size, crc32: file.crc32, deflated };
  }

  private async run(): Promise<void> {
    this.isRunning = true;
    for (let file; (file = this.files.shift()) !== undefined; ) {
      if (this.blocks.isFull) continue;
      try {
        await this.compress(file);
      } catch {
        // packing reads the file again, and reports the error
      }
    }
    this.isRunning = false;
  }

  private async compress({ root, real }: File): Promise<void> {
    const read = root.readUnrecorded(real, LIMIT, this.room);
    if (read === undefined) return;
    const { bytes } = read;
    const keys: string[] = [];
    const known: DeflateOptions['known'] = {
      deflated: (block, options, compress) => {
        const { key, deflated } = this.blocks.deflatedAhead(block, options, compress);
        keys.push(key);
        return deflated;
      },
    };
    const { files } = this;
    const isStopped = () => this.files !== files;
    const deflated = await deflate(bytes, { known, blocksAtATime: BLOCKS, isStopped });
    if (deflated === undefined || isStopped()) return;
    this.compressed.set(root.location + real, { stamp: read.stamp(), size: bytes.length, crc32: crc32(bytes), keys });
  }
}
