/**
 * Relocations that name a symbol: the ways in which an object refers to its imports. On both architectures, only DT_RELA and DT_JMPREL
 * contain such relocations; DT_RELR is for the object's own addresses.
 */
import type { ByteReader } from './byte-reader';
import type { DynamicSection } from './dynamic-section';
import { DT_JMPREL, DT_PLTRELSZ, DT_RELA, DT_RELASZ } from './dynamic-section';
import type { Machine } from './header';

/**
 * - `call`: an entry of the procedure linkage table (JUMP_SLOT)
 * - `address`: the address, for a function pointer or for data (GLOB_DAT, 64, ABS64)
 * - `copy`: the content, which is copied into the program (COPY)
 * - `tls`: a thread-local variable
 * - `other`: anything else, such as the symbol's size
 */
export type Reference = 'call' | 'address' | 'copy' | 'tls' | 'other';

const REFERENCES: readonly Reference[] = ['call', 'address', 'copy', 'tls', 'other'];

/** ELF x86-64 psABI, table 4.9; ELF for the Arm 64-bit Architecture, "Dynamic relocations". */
const KINDS: Readonly<Record<Machine, Readonly<Record<number, Reference>>>> = {
  x86_64: { 1: 'address', 5: 'copy', 6: 'address', 7: 'call', 16: 'tls', 17: 'tls', 18: 'tls', 36: 'tls' },
  aarch64: { 257: 'address', 1024: 'copy', 1025: 'address', 1026: 'call', 1028: 'tls', 1029: 'tls', 1030: 'tls', 1031: 'tls' },
};

const RELA_SIZE = 24;

/** Every combination of kinds, created only once: a library has thousands of symbols, and most of them have the same few combinations. */
const COMBINATIONS = Array.from({ length: 2 ** REFERENCES.length }, (_, bits) => (
  REFERENCES.filter((_kind, index) => (bits & (1 << index)) !== 0)
));

/** @returns index of a symbol in the symbol table → how relocations refer to the symbol */
export function readRelocations(reader: ByteReader, section: DynamicSection, machine: Machine): Map<number, readonly Reference[]> {
  const kinds = KINDS[machine];
  const bits = new Map<number, number>();
  for (const extent of [section.extent(DT_RELA, DT_RELASZ), section.extent(DT_JMPREL, DT_PLTRELSZ)]) {
    if (extent === undefined) continue;
    const table = reader.view(extent.offset, extent.size);
    for (let at = 0; at + RELA_SIZE <= table.length; at += RELA_SIZE) {
      const symbol = table.readUInt32LE(at + 12);
      if (symbol === 0) continue;
      const bit = 1 << REFERENCES.indexOf(kinds[table.readUInt32LE(at + 8)] ?? 'other');
      bits.set(symbol, (bits.get(symbol) ?? 0) | bit);
    }
  }
  return new Map(Array.from(bits, ([symbol, combination]) => [symbol, COMBINATIONS[combination]]));
}
