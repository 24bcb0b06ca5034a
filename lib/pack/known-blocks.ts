/**
 * Compressed blocks that are kept in memory, to be used again: layers of an app share libraries, and edits change few blocks of a file.
 */
import { hash } from 'crypto';

/** Maximum number of compressed bytes that are kept. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Bytes at each end of an input that are its sample. */
const SAMPLE = 32;

interface Known {
  readonly deflated: Promise<Buffer>;
  /** 0 until it is compressed */
  bytes: number;
}

type Compress = () => Promise<Buffer>;

export class KnownBlocks {
  /** by the hash of the inputs; the block that was used most recently is the last */
  private readonly used = new Map<string, Known>();
  /** compressed ahead and not used yet. These are never evicted: otherwise they would have been compressed in vain */
  private readonly ahead = new Map<string, Known>();
  /** samples of the inputs of all blocks. Only if a sample matches, `deflatedLast` makes the hash of an input, which takes far longer */
  private readonly samples = new Set<string>();
  private bytes = 0;

  /**
   * @param bytes that the compressed block depends on
   * @param options everything else that it depends on
   * @param compress is called unless the block is known
   */
  public deflated(bytes: Buffer, options: string, compress: Compress): Promise<Buffer> {
    const key = keyOf(bytes, options);
    const known = this.ahead.get(key) ?? this.used.get(key) ?? this.make(key, sampleOf(bytes, options), compress);
    this.use(key, known);
    return known.deflated;
  }

  /** Like `deflated`, but for the last layer: new blocks are not kept, and inputs that cannot be known are not hashed. */
  public deflatedLast(bytes: Buffer, options: string, compress: Compress): Promise<Buffer> {
    return this.samples.has(sampleOf(bytes, options)) ? this.get(keyOf(bytes, options)) ?? compress() : compress();
  }

  /**
   * Like `deflated`, but for a layer that is not packed yet: the block is kept until it is used or the layer is packed.
   *
   * @returns the block, and the key by which `get` returns it again
   */
  public deflatedAhead(bytes: Buffer, options: string, compress: Compress): { readonly key: string; readonly deflated: Promise<Buffer> } {
    const key = keyOf(bytes, options);
    const known = this.used.get(key) ?? this.ahead.get(key) ?? this.make(key, sampleOf(bytes, options), compress);
    this.used.delete(key);
    this.ahead.set(key, known);
    return { key, deflated: known.deflated };
  }

  /** Returns a block for the layer that is being packed, or `undefined` if the block has been removed. */
  public get(key: string): Promise<Buffer> | undefined {
    const known = this.ahead.get(key) ?? this.used.get(key);
    if (known) this.use(key, known);
    return known?.deflated;
  }

  /** Whether blocks that were compressed ahead take all the memory for blocks. */
  public get isFull(): boolean {
    return this.used.size === 0 && this.bytes > MOST_BYTES;
  }

  /** To be called after a layer is packed: blocks that were compressed ahead for it, but that it did not use, may then be evicted. */
  public packed(): void {
    for (const [key, known] of this.ahead) this.used.set(key, known);
    this.ahead.clear();
    this.evict();
  }

  private use(key: string, known: Known): void {
    this.ahead.delete(key);
    this.used.delete(key);
    this.used.set(key, known);
  }

  private make(key: string, sample: string, compress: Compress): Known {
    this.samples.add(sample);
    // copied, because zlib's result would keep a whole buffer of the size of its input in memory
    const known: Known = { deflated: compress().then((block) => Buffer.from(block)), bytes: 0 };
    known.deflated.then(({ length }) => {
      known.bytes = length;
      this.bytes += length;
      this.evict();
    }, () => this.used.delete(key) || this.ahead.delete(key)); // the caller, which waits for the block, reports the error
    return known;
  }

  private evict(): void {
    for (const [key, { bytes }] of this.used) {
      if (this.bytes <= MOST_BYTES) break;
      if (bytes > 0 && this.used.delete(key)) this.bytes -= bytes;
    }
  }
}

/** Differs for most inputs, and takes a thousandth of the time of a hash. */
function sampleOf(bytes: Buffer, options: string): string {
  return `${bytes.length} ${bytes.toString('latin1', 0, SAMPLE)}${bytes.toString('latin1', bytes.length - SAMPLE)} ${options}`;
}

function keyOf(bytes: Buffer, options: string): string {
  return hash('sha256', bytes, 'base64') + options;
}
