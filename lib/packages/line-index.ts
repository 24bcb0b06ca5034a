import { checkLimit, LIMITS } from '../limits';

/**
 * Where a line stands in a text of megabytes, found without taking the text apart.
 *
 * One pass over the bytes hashes each line (FNV-1a, 32 bits), lines of one hash are chained, and what is found is
 * compared. Of the same line many times, as the directories are that every package lists, each is a link of the chain.
 */
export class LineIndex {
  private readonly starts: Int32Array;
  /** by the lowest bits of a hash: the first line that has them, and then by line the next one; -1 for none */
  private readonly first: Int32Array;
  private readonly next: Int32Array;

  /** @param where names the text in errors */
  constructor(private readonly bytes: Buffer, where: string) {
    const starts: number[] = [];
    const hashes: number[] = [];
    for (let at = 0; at < bytes.length; at++) {
      starts.push(at);
      let hash = BASIS;
      for (let byte; at < bytes.length && (byte = bytes[at]) !== LINE_FEED; at++) hash = imul(hash ^ byte, PRIME);
      hashes.push(hash);
      if (starts.length > LIMITS.fileListLines.most) checkLimit(LIMITS.fileListLines, starts.length, where);
    }
    this.starts = Int32Array.from(starts);
    this.first = new Int32Array(2 ** Math.ceil(Math.log2(starts.length + 1))).fill(-1);
    this.next = new Int32Array(starts.length);
    // from the last to the first, so that chains run in the order of the text
    for (let line = starts.length - 1; line >= 0; line--) {
      const slot = this.slotOf(hashes[line]);
      this.next[line] = this.first[slot];
      this.first[slot] = line;
    }
  }

  /** The offset of each line that has this text, in their order. */
  public *offsets(text: string): Generator<number> {
    const wanted = Buffer.from(text);
    let hash = BASIS;
    for (const byte of wanted) hash = imul(hash ^ byte, PRIME);
    for (let line = this.first[this.slotOf(hash)]; line >= 0; line = this.next[line]) {
      const start = this.starts[line];
      const end = start + wanted.length;
      const isEnd = end === this.bytes.length || this.bytes[end] === LINE_FEED;
      if (isEnd && this.bytes.compare(wanted, 0, wanted.length, start, end) === 0) yield start;
    }
  }

  private slotOf(hash: number): number {
    return hash & (this.first.length - 1);
  }
}

/** A local name, because jest looks up globals in the test's context, which makes the loop over all bytes ten times slower. */
const { imul } = Math;

const LINE_FEED = 0x0a;
const BASIS = 0x811c9dc5;
const PRIME = 0x01000193;
