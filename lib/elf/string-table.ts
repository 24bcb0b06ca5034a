/**
 * String tables of ELF files.
 */
import type { ByteReader } from './byte-reader';
import { FormatError, hex } from './format-error';
import { exceeding, LIMITS } from '../limits';

/**
 * A string table: NUL-terminated strings, identified by their offset from the start of the table. `.dynstr` contains
 * every name of the dynamic section, the version tables and the dynamic symbols.
 */
export class StringTable {
  private readonly table: Buffer;
  private allowance: number;

  /** @param offset where the table starts in the file, in bytes. Error messages state it, too */
  constructor(reader: ByteReader, private readonly offset: number, size: number) {
    if (size > LIMITS.stringTable.most) throw new FormatError(exceeding(LIMITS.stringTable, size), offset);
    this.table = reader.view(offset, size);
    // Strings may share bytes (`bar` is the end of `foobar`), but a file that makes its reader read the table many times is an
    // attack. Most functions that follow a chain of version entries read a string at each step, so the allowance limits these chains, too.
    this.allowance = 16 * size + 2 ** 16;
  }

  public get(index: number): string {
    const end = index < this.table.length ? this.table.indexOf(0, index) : -1;
    if (end < 0) {
      throw new FormatError(
        `found a string at ${hex(index)} of a string table of ${hex(this.table.length)} bytes, expected one that ends inside the table`,
        this.offset,
      );
    }
    this.allowance -= end - index + 1;
    if (this.allowance < 0) {
      throw new FormatError('found a string table whose bytes are read many times, expected a separate string for each name', this.offset);
    }
    return this.table.toString('utf8', index, end);
  }
}
