/**
 * Finds the strings in the bytes of a file.
 */
import { ByteReader } from './byte-reader';
import { DT_STRSZ, DT_STRTAB, DynamicSection } from './dynamic-section';
import type { Elf } from './elf';
import { loadedFrom, PF_W, PF_X } from './program-header';

const NUL = 0;
/** Bytes that are tested at once. */
const WORD = Int32Array.BYTES_PER_ELEMENT;
const [FIRST, LAST] = [0x20, 0x7e]; // printable ASCII

/**
 * Whether to keep the string between two offsets. Tested before the string is created, because creating all strings takes longer than
 * finding them.
 */
export type IsWanted = (bytes: Buffer, start: number, end: number) => boolean;

/**
 * The strings in an object's data, each ended by a NUL. The names of its symbols and libraries are left out.
 *
 * @param most characters of a string; longer ones are skipped
 * @param isWanted @default - all are kept
 */
export function stringsOf(bytes: Buffer, elf: Elf, most: number, isWanted?: IsWanted): Set<string> {
  const strings = new Set<string>();
  for (const [from, to] of dataOf(bytes, elf)) {
    const see = (end: number) => {
      if (bytes[end] !== NUL || !isPrintable(bytes[end - 1])) return;
      let start = end - 1;
      while (start > from && end - start <= most && isPrintable(bytes[start - 1])) start--;
      if (end - start <= most && (isWanted === undefined || isWanted(bytes, start, end))) strings.add(bytes.toString('latin1', start, end));
    };
    // four bytes at once: data can be hundreds of megabytes with few strings
    const first = Math.min(from + 1 + ((-from - 1 - bytes.byteOffset) & (WORD - 1)), to);
    for (let at = from + 1; at < first; at++) see(at);
    const count = (to - first) >> 2;
    // if no whole word follows `first`, then `first` may be unaligned, and Int32Array would throw
    const words = count === 0 ? new Int32Array(0) : new Int32Array(bytes.buffer, bytes.byteOffset + first, count);
    let before = bytes[first - 1];
    for (let index = 0; index < words.length; index++) {
      const word = words[index];
      if (mayEndString(word, (word << 8) | before)) for (let at = first + index * WORD, end = at + WORD; at < end; at++) see(at);
      before = word >>> 24;
    }
    for (let at = first + words.length * WORD; at < to; at++) see(at);
  }
  return strings;
}

/**
 * True if one of the four bytes of a word may be a NUL that follows a printable byte. Subtracting 1 from each byte sets the highest bit of
 * a byte that is 0. Because of the borrow, it also sets the highest bit of a 1 that follows a 0. In a printable byte, bit 5 or 6 is set.
 *
 * @param before the preceding byte of each of the four
 */
function mayEndString(word: number, before: number): boolean {
  return ((word - 0x01010101) & ~word & ((before << 1) | (before << 2)) & 0x80808080) !== 0;
}

function isPrintable(byte: number): boolean {
  return byte >= FIRST && byte <= LAST;
}

/**
 * The strings that contain a text. Finds the text first, and then the ends of the string around it. This is faster than testing all
 * strings, because few of them contain the text.
 */
export function stringsWith(part: string, bytes: Buffer, elf: Elf, most: number): Set<string> {
  const strings = new Set<string>();
  for (const [from, to] of dataOf(bytes, elf)) {
    const data = bytes.subarray(from, to);
    for (let at = data.indexOf(part); at >= 0; at = data.indexOf(part, at)) {
      let start = at;
      while (start > 0 && at - start <= most && isPrintable(data[start - 1])) start--;
      at += part.length;
      while (at < data.length && at - start <= most && isPrintable(data[at])) at++;
      if (data[at] === NUL && at - start <= most) strings.add(data.toString('latin1', start, at));
    }
  }
  return strings;
}

/** The ranges of an object's data without the names of its symbols and libraries. */
function dataOf(bytes: Buffer, { segments }: Elf): [from: number, to: number][] {
  const loaded = loadedFrom(segments, bytes.length);
  // with `-z separate-code`, constants are in a segment without code, and the code, which may be hundreds of megabytes, is skipped
  const isSeparate = loaded.some(({ flags }) => (flags & (PF_X | PF_W)) === 0);
  const data = isSeparate ? loaded.filter(({ flags }) => (flags & PF_X) === 0) : loaded;
  const names = DynamicSection.find(new ByteReader(bytes), segments)?.extent(DT_STRTAB, DT_STRSZ);
  return data.flatMap(({ offset, filesz }): [number, number][] => {
    const end = offset + filesz;
    if (!names || names.size === 0 || names.offset < offset || names.offset >= end) return [[offset, end]];
    return [[offset, names.offset], [names.offset + names.size, Math.max(end, names.offset + names.size)]];
  });
}
