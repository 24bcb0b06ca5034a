/**
 * Overwrites texts in a file with texts of the same length.
 */
import { FormatError, hex } from '../format-error';

/** A text whose bytes in UTF-8 overwrite those at `offset`. */
export interface TextReplacement {
  readonly offset: number;
  readonly text: string;
}

/**
 * Overwrites bytes with texts in place, so that no byte moves.
 *
 * @throws FormatError if a text would exceed the end of the file. In this case, no text is written
 */
export function replaceText(bytes: Buffer, replacements: readonly TextReplacement[]): void {
  for (const { offset, text } of replacements) {
    if (!Number.isSafeInteger(offset) || offset < 0 || offset + Buffer.byteLength(text) > bytes.length) {
      throw new FormatError(
        `found a replacement of ${Buffer.byteLength(text)} bytes, expected one that ends by ${hex(bytes.length)}`,
        offset,
      );
    }
  }
  for (const { offset, text } of replacements) bytes.write(text, offset);
}
