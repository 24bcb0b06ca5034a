/**
 * Dynamic symbols. No program header states their number, and the hash tables may omit undefined symbols (GNU ld writes
 * an empty hash table if nothing is exported). But every imported symbol is used by a relocation, so relocations lead to
 * all imports.
 */
import type { ByteReader } from './byte-reader';
import type { Extent } from './program-header';
import type { StringTable } from './string-table';

const SYMBOL_SIZE = 24;
const RELA_SIZE = 24;
const SHN_UNDEF = 0;

/**
 * The names of the undefined symbols that relocations use.
 *
 * @param relocations  DT_RELA and DT_JMPREL: on x86_64 and aarch64, only these contain relocations with symbols
 * @param symtab       offset of DT_SYMTAB in the file
 */
export function readImports(reader: ByteReader, relocations: readonly Extent[], symtab: number, strings: StringTable): Set<string> {
  const used = new Set<number>();
  let last = 0;
  for (const { offset, size } of relocations) {
    const table = reader.view(offset, size);
    for (let at = 0; at + RELA_SIZE <= size; at += RELA_SIZE) {
      const index = table.readUInt32LE(at + 12);
      if (index === 0) continue;
      used.add(index);
      if (index > last) last = index;
    }
  }
  if (used.size === 0) return new Set();
  // one view of all symbols, because it takes a single read if the file is read in parts
  const symbols = reader.view(symtab, (last + 1) * SYMBOL_SIZE);
  const imports = new Set<string>();
  for (const index of used) {
    const at = index * SYMBOL_SIZE;
    if (symbols.readUInt16LE(at + 6) === SHN_UNDEF) imports.add(strings.get(symbols.readUInt32LE(at)));
  }
  return imports;
}
