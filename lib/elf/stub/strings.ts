/**
 * A string table under construction: it contains each string once, with a NUL after it. Offset 0 is the empty string.
 */
export class Strings {
  private readonly parts: Buffer[] = [Buffer.alloc(1)];
  private readonly offsets = new Map<string, number>([['', 0]]);
  private size = 1;

  /** The offset of a string, which is added if it is new. */
  public offset(string: string): number {
    const known = this.offsets.get(string);
    if (known !== undefined) return known;
    const bytes = Buffer.from(`${string}\0`);
    const offset = this.size;
    this.parts.push(bytes);
    this.offsets.set(string, offset);
    this.size += bytes.length;
    return offset;
  }

  public bytes(): Buffer {
    return Buffer.concat(this.parts);
  }
}
