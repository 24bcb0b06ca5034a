import type { ByteReader } from './byte-reader';
import type { Extent } from './program-header';
import type { StringTable } from './string-table';

/**
 * Dynamic symbols. No program header tells how many there are, and the hash tables that lead to them need not cover
 * those that are undefined (GNU ld writes one that says `from 1 on` where nothing is exported). But what an object
 * wants of others, a relocation asks for: the symbols that relocations name are the ones to look at.
 */

const SYMBOL_SIZE = 24;
const RELA_SIZE = 24;
const SHN_UNDEF = 0;

/**
 * The names of the undefined symbols that relocations ask for.
 *
 * @param relocations  what DT_RELA and DT_JMPREL point to; both machines have no other kind that names symbols
 * @param symtab       the offset of what DT_SYMTAB points to
 */
export function readImports(reader: ByteReader, relocations: readonly Extent[], symtab: number, strings: StringTable): Set<string> {
  const seen = new Set<number>();
  const imports = new Set<string>();
  for (const { offset, size } of relocations) {
    const table = reader.view(offset, size);
    for (let at = 0; at + RELA_SIZE <= size; at += RELA_SIZE) {
      const index = table.readUInt32LE(at + 12);
      if (index === 0 || seen.has(index)) continue;
      seen.add(index);
      const symbol = symtab + index * SYMBOL_SIZE;
      if (reader.u16(symbol + 6) === SHN_UNDEF) imports.add(strings.get(reader.u32(symbol)));
    }
  }
  return imports;
}
