/**
 * An error in the content of a file.
 *
 * The message states the actual and the expected content and ends with the offset. It does not contain the file's path,
 * which this folder does not know: the caller adds it.
 */
export class FormatError extends Error {
  /** Position in the file, in bytes from its start. */
  public readonly offset: number;

  constructor(message: string, offset: number) {
    super(`${message}, at offset ${hex(offset)}`);
    this.name = 'FormatError';
    this.offset = offset;
  }
}

/** A number in the format of error messages: `0x1f`. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
