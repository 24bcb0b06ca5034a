/**
 * The end of the image of an ELF file, and the data that is appended to it.
 */
import { FormatError, hex } from './format-error';
import type { Header } from './header';
import { PHDR_SIZE } from './header';
import type { Extent, Segment } from './program-header';
import { PT_NULL } from './program-header';
import { sectionsOf, sectionTable } from './section-header';

const PAGE_SIZE = 2 ** 12;

/** Number of bytes at the end of appended data in which its offset is searched for as a binary number. */
const TRAILER = 4096;
/** Minimum number of digits of an offset that is searched for as text, in the whole file. Shorter ones may occur in a file by chance. */
const LEAST_DIGITS = 6;

/**
 * The image of an ELF file, and the data that may be appended to it.
 *
 * Self-extracting archives, AppImages and programs with their own bytecode (OCaml, Bun, PyInstaller, SBCL) find appended data
 * from the end of the file, from the end of the section headers, or by an offset stated in the data. An edit inserts whole pages between
 * the image and the data, because the data may be mapped, and moves the section headers to the end of these pages. So the first two
 * methods keep working. Data that states its offset must not move at all.
 */
export class Image {
  private constructor(
    /** end of the last segment, section or table, in bytes. If no data follows it, the size of the file */
    public readonly end: number,
    /** true if data follows the image */
    public readonly hasOverlay: boolean,
    private readonly sectionHeaders: Pick<Extent, 'offset' | 'size'> | undefined,
  ) {}

  public static of(bytes: Buffer, header: Header, segments: readonly Segment[]): Image {
    const table = sectionTable(bytes);
    const tables = [{ offset: header.phoff, size: header.phnum * PHDR_SIZE }, ...(table ? [table] : []), ...sectionsOf(bytes)];
    const parts = segments.filter(({ type }) => type !== PT_NULL).map(({ offset, filesz }) => ({ offset, size: filesz }));
    const ends = [...tables, ...parts].map(({ offset, size }) => offset + size).filter((offset) => offset <= bytes.length);
    const end = ends.reduce((last, offset) => Math.max(last, offset), 0);
    const hasOverlay = bytes.subarray(end).some((byte) => byte !== 0);
    return new Image(hasOverlay ? end : bytes.length, hasOverlay, table);
  }

  /**
   * Makes room behind the image.
   *
   * @param end end of the larger image, in bytes. If data is appended, the section headers move behind this end
   * @returns `shift`: the number of bytes by which appended data moved
   */
  public grow(bytes: Buffer, end: number): { file: Buffer; shift: number } {
    if (!this.hasOverlay) {
      const file = Buffer.alloc(end);
      bytes.copy(file);
      return { file, shift: 0 };
    }
    const { offset: from = 0, size = 0 } = this.sectionHeaders ?? {};
    const shift = Math.ceil((end + size - this.end) / PAGE_SIZE) * PAGE_SIZE;
    const file = Buffer.alloc(bytes.length + shift);
    bytes.copy(file, 0, 0, this.end);
    bytes.copy(file, this.end + shift, this.end);
    if (size > 0) {
      const to = this.end + shift - size;
      bytes.copy(file, to, from, from + size);
      file.writeBigUInt64LE(BigInt(to), 40);
    }
    return { file, shift };
  }

  /** @throws FormatError if appended data states its own offset */
  public checkMovable(bytes: Buffer): void {
    const trailer = bytes.subarray(Math.max(this.end, bytes.length - TRAILER));
    const number = Buffer.alloc(8);
    number.writeBigUInt64LE(BigInt(this.end));
    const digits = String(this.end);
    const isStated = trailer.includes(number.subarray(0, 4)) || trailer.includes(Buffer.from(number.subarray(0, 4)).reverse())
      || (digits.length >= LEAST_DIGITS && bytes.includes(digits));
    if (isStated) {
      throw new FormatError(
        `found appended data that states its own offset, ${hex(this.end)}, and no room for an edit, expected room or data that can move`,
        this.end,
      );
    }
  }
}
