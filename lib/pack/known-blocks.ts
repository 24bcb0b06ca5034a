/**
 * Compressed blocks that are kept in memory. Layers of an app share libraries, and edits change few blocks of a file.
 */
import { createHash } from 'crypto';

/** Of compressed bytes. */
const MOST_BYTES = 32 * 1024 * 1024;

interface Known {
  readonly deflated: Promise<Buffer>;
  /** 0 until it is compressed */
  bytes: number;
}

export class KnownBlocks {
  /** by the hash of the inputs; the block that was used last is the last */
  private readonly blocks = new Map<string, Known>();
  private bytes = 0;

  /**
   * @param inputs everything that the compressed bytes depend on
   * @param compress is called unless the block is known
   */
  public deflated(inputs: readonly (Buffer | string)[], compress: () => Promise<Buffer>): Promise<Buffer> {
    const hash = createHash('sha256');
    for (const input of inputs) hash.update(input);
    const key = hash.digest('base64');
    let known = this.blocks.get(key);
    this.blocks.delete(key);
    known ??= this.make(key, compress);
    this.blocks.set(key, known);
    return known.deflated;
  }

  private make(key: string, compress: () => Promise<Buffer>): Known {
    // copied: zlib's result is the start of a buffer of the size of its input
    const known: Known = { deflated: compress().then((block) => Buffer.from(block)), bytes: 0 };
    known.deflated.then(({ length }) => {
      known.bytes = length;
      this.bytes += length;
      this.evict();
    }, () => this.blocks.delete(key)); // whoever uses it reports the error
    return known;
  }

  private evict(): void {
    for (const [key, { bytes }] of this.blocks) {
      if (this.bytes <= MOST_BYTES) break;
      if (bytes > 0 && this.blocks.delete(key)) this.bytes -= bytes;
    }
  }
}
