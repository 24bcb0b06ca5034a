/**
 * What is wrong with a file, and where.
 *
 * The message names what was found and what was expected, and ends with the offset. It does not name the file:
 * this folder sees bytes, and the caller knows their path.
 */
export class FormatError extends Error {
  /** Where in the file, in bytes from its start. */
  public readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message}, at offset ${hex(offset)}`);
    this.name = 'FormatError';
    this.offset = offset;
  }
}

/** A number as errors show it: `0x1f`. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
