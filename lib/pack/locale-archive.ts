/**
 * The format of glibc's locale archive (glibc locale/locarchive.h, locale/loadarchive.c), with one locale. All numbers have 32 bits and
 * are little-endian; offsets are in bytes from the beginning of the file.
 *
 *     0  the magic number, and a serial number
 *     8  offset, used entries and size of the hash table of names
 *    20  the same for the names, in bytes
 *    32  the same for the locale records
 *    44  the same for the hash table of checksums, which only localedef reads
 *    56  the hash table: for each entry the hash of a name, the offset of the name, the offset of a locale record
 *        the names, each with a NUL
 *        the locale record: the number of its names, then offset and size of each category's data
 *        the data, as in the files of the locale
 */
import { LOCALE_CATEGORIES } from '../plan/edits/locale-archive';

const MAGIC = 0xde020109;
const HEADER_SIZE = 56;
const ENTRY_SIZE = 12;
/** Number of entries of the hash table: a prime above the number of names. glibc divides hashes by this number and by this number - 2. */
const ENTRIES = 7;
/** localedef aligns data to 16 bytes. */
const ALIGNMENT = 16;

/**
 * @param names of the locale, at most 6
 * @param categories contents of the files of `LOCALE_CATEGORIES`, in that order
 */
export function localeArchive(names: readonly string[], categories: readonly Buffer[]): Buffer {
  const strings = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
  const stringsAt = HEADER_SIZE + ENTRIES * ENTRY_SIZE;
  const recordAt = align(stringsAt + strings.length, 4);
  const record = Buffer.alloc(4 + 8 * (Math.max(...LOCALE_CATEGORIES.map(({ number }) => number)) + 1));
  record.writeUInt32LE(names.length);
  const offsets: number[] = [];
  let end = recordAt + record.length;
  for (const [index, content] of categories.entries()) {
    const offset = align(end, ALIGNMENT);
    offsets.push(offset);
    const at = 4 + 8 * LOCALE_CATEGORIES[index].number;
    record.writeUInt32LE(offset, at);
    record.writeUInt32LE(content.length, at + 4);
    end = offset + content.length;
  }

  const archive = Buffer.alloc(end);
  const tables = [
    [HEADER_SIZE, names.length, ENTRIES], [stringsAt, strings.length, strings.length], [recordAt, 1, 1], [recordAt + record.length, 0, 0],
  ];
  for (const [index, value] of [MAGIC, 0, ...tables.flat()].entries()) archive.writeUInt32LE(value, 4 * index);
  let nameAt = stringsAt;
  for (const name of names) {
    const hash = hashOf(name);
    let entry = hash % ENTRIES;
    const isTaken = () => archive.readUInt32LE(HEADER_SIZE + entry * ENTRY_SIZE + 4) !== 0;
    while (isTaken()) entry = (entry + 1 + hash % (ENTRIES - 2)) % ENTRIES;
    for (const [index, value] of [hash, nameAt, recordAt].entries()) {
      archive.writeUInt32LE(value, HEADER_SIZE + entry * ENTRY_SIZE + 4 * index);
    }
    nameAt += name.length + 1;
  }
  strings.copy(archive, stringsAt);
  record.copy(archive, recordAt);
  for (const [index, content] of categories.entries()) content.copy(archive, offsets[index]);
  return archive;
}

/** glibc locale/hashval.h */
function hashOf(name: string): number {
  const hash = [...Buffer.from(name, 'latin1')].reduce((value, byte) => (((value << 9) | (value >>> 23)) + byte) >>> 0, name.length);
  return hash === 0 ? 2 ** 32 - 1 : hash;
}

function align(offset: number, alignment: number): number {
  return Math.ceil(offset / alignment) * alignment;
}
