import { ByteReader } from './byte-reader';
import { DT_STRSZ, DT_STRTAB, DynamicSection } from './dynamic-section';
import type { Elf } from './elf';
import { loadedFrom, PF_X } from './program-header';

const NUL = 0;
const [FIRST, LAST] = [0x20, 0x7e]; // printable ASCII

/**
 * The strings among an object's data, each ended by a NUL, as C has them; not the names of its symbols and libraries.
 *
 * @param most characters that one may have: longer ones are passed over
 * @param part text that they contain @default - any
 */
export function stringsOf(bytes: Buffer, elf: Elf, most: number, part = ''): Set<string> {
  const found = new Set<string>();
  const loaded = loadedFrom(elf.segments, bytes.length);
  // data is apart from code where ld keeps it so (`-z separate-code`), and that may be hundreds of megabytes
  const data = loaded.filter(({ flags }) => (flags & PF_X) === 0);
  const names = DynamicSection.find(new ByteReader(bytes), elf.segments)?.extent(DT_STRTAB, DT_STRSZ);
  for (const { offset, filesz } of data.length > 0 ? data : loaded) {
    let start = offset;
    // where the part is next: most objects have it in few of their strings, and making all of them takes longer than the search
    let next = bytes.indexOf(part, offset);
    for (let at = offset; at < offset + filesz; at++) {
      if (names && at === names.offset) {
        at += names.size - 1;
        start = at + 1;
        continue;
      }
      const byte = bytes[at];
      if (byte >= FIRST && byte <= LAST) continue;
      if (byte === NUL && at > start && at - start <= most) {
        if (part !== '' && next >= 0 && next < start) next = bytes.indexOf(part, start);
        if (part === '' || (next >= 0 && next + part.length <= at)) found.add(bytes.toString('latin1', start, at));
      }
      start = at + 1;
    }
  }
  return found;
}
