/**
 * Section headers, which linkers and debuggers read and loaders do not. Edits keep them up to date, so that strip,
 * objcopy and readelf still work: these tools use sections, and would drop or misplace anything that no header
 * describes. If the headers are missing or invalid, they are ignored.
 */
import type { Extent } from './program-header';

const SHDR_SIZE = 64;
const SYMBOL_SIZE = 24;
const SHT_PROGBITS = 1;
const SHT_SYMTAB = 2;
const SHT_NOBITS = 8;
const SHT_DYNSYM = 11;
const SHF_ALLOC = 2n;
const DOT = '.'.charCodeAt(0);
/** Beginnings of names of sections with debugging information; `.zdebug` is compressed. */
const DEBUG = ['.debug_', '.zdebug_'];
/** Maximum number of debug sections. Linkers write about a dozen. Each path mention is compared with all, so thousands would be slow. */
const MOST_DEBUG = 64;

function extentOf(header: Buffer): Pick<Extent, 'offset' | 'size'> {
  return { offset: Number(header.readBigUInt64LE(24)), size: Number(header.readBigUInt64LE(32)) };
}

/** The extents of the sections in the file. Empty without section headers. */
export function sectionsOf(file: Buffer): Pick<Extent, 'offset' | 'size'>[] {
  const inFile = sectionHeaders(file).filter((header) => header.readUInt32LE(4) !== SHT_NOBITS);
  return inFile.map(extentOf);
}

/** The extents of unmapped sections that no compiler or linker made. Names of sections that these tools make begin with a dot. */
export function ownSections(file: Buffer): Pick<Extent, 'offset' | 'size'>[] {
  return unmappedSections(file, (name) => file[name] !== DOT);
}

/** The extents of sections that only debuggers read. They name the headers and sources that the object was compiled from. */
export function debugSections(file: Buffer): Pick<Extent, 'offset' | 'size'>[] {
  const isDebug = (at: number) => DEBUG.some((name) => file.toString('latin1', at, at + name.length) === name);
  return unmappedSections(file, isDebug).slice(0, MOST_DEBUG);
}

/** @param isSelected gets the offset of a section's name in the file */
function unmappedSections(file: Buffer, isSelected: (name: number) => boolean): Pick<Extent, 'offset' | 'size'>[] {
  const headers = sectionHeaders(file);
  const extents = headers.map(extentOf);
  const names = extents[file.readUInt16LE(62)];
  if (names === undefined) return [];
  return extents.filter((_, index) => {
    const header = headers[index];
    const isMapped = header.readUInt32LE(4) !== SHT_PROGBITS || (header.readBigUInt64LE(8) & SHF_ALLOC) !== 0n;
    return !isMapped && isSelected(names.offset + header.readUInt32LE(0));
  });
}

/** The section header table. Undefined if it is missing or invalid. */
export function sectionTable(file: Buffer): Pick<Extent, 'offset' | 'size'> | undefined {
  const count = sectionHeaders(file).length;
  return count === 0 ? undefined : { offset: Number(file.readBigUInt64LE(40)), size: count * SHDR_SIZE };
}

/** The tables that `moveSection` changes for linkers and debuggers: section headers and symbols. */
export function linkingTables(file: Buffer): Pick<Extent, 'offset' | 'size'>[] {
  const headers = sectionTable(file);
  const symbols = sectionHeaders(file).filter((header) => [SHT_SYMTAB, SHT_DYNSYM].includes(header.readUInt32LE(4)));
  return [
    ...(headers ? [headers] : []),
    ...symbols.map(extentOf),
  ];
}

/**
 * Updates the offsets of all sections, and of the section header table, after bytes were inserted at the beginning of the file. The new
 * beginning already has a copy of the ELF header.
 *
 * @param shift number of inserted bytes
 */
export function shiftSections(file: Buffer, shift: number): void {
  const headers = sectionHeaders(file.subarray(shift));
  const offset = file.readBigUInt64LE(40);
  if (headers.length === 0) return;
  file.writeBigUInt64LE(offset + BigInt(shift), 40);
  for (const header of headers.slice(1)) header.writeBigUInt64LE(BigInt.asUintN(64, header.readBigUInt64LE(24) + BigInt(shift)), 24);
}

/** Updates the section header, and the symbols, of a section that moved from `from` to `to`. */
export function moveSection(file: Buffer, from: Extent, to: Extent): void {
  const headers = sectionHeaders(file);
  const index = headers.findIndex((header) =>
    header.readBigUInt64LE(16) === BigInt(from.vaddr) && header.readBigUInt64LE(32) > 0n && header.readUInt32LE(4) !== SHT_NOBITS);
  if (index < 0) return;
  headers[index].writeBigUInt64LE(BigInt(to.vaddr), 16);
  headers[index].writeBigUInt64LE(BigInt(to.offset), 24);
  const size = headers[index].readBigUInt64LE(32) + BigInt(to.size - from.size);
  headers[index].writeBigUInt64LE(BigInt.asUintN(64, size), 32);

  // symbols of the section, such as _DYNAMIC
  for (const type of [SHT_SYMTAB, SHT_DYNSYM]) { // a file has at most one of each
    const header = headers.find((candidate) => candidate.readUInt32LE(4) === type);
    if (header === undefined) continue;
    const symbols = part(file, header.readBigUInt64LE(24), header.readBigUInt64LE(32));
    for (let at = 0; at + SYMBOL_SIZE <= symbols.length; at += SYMBOL_SIZE) {
      if (symbols.readUInt16LE(at + 6) !== index) continue;
      const value = symbols.readBigUInt64LE(at + 8) + BigInt(to.vaddr - from.vaddr);
      symbols.writeBigUInt64LE(BigInt.asUintN(64, value), at + 8);
    }
  }
}

/** The headers, as views of the file. Empty if they are missing or invalid. */
function sectionHeaders(file: Buffer): Buffer[] {
  const size = file.readUInt16LE(58);
  const count = file.readUInt16LE(60);
  const table = part(file, file.readBigUInt64LE(40), BigInt(count * SHDR_SIZE));
  // the first header is always all zeros
  if (size !== SHDR_SIZE || table.length === 0 || !table.subarray(0, SHDR_SIZE).every((byte) => byte === 0)) return [];
  return Array.from({ length: count }, (_, index) => table.subarray(index * SHDR_SIZE, (index + 1) * SHDR_SIZE));
}

/** A writable view of a part of the file. Empty if the part exceeds the file. */
function part(file: Buffer, offset: bigint, size: bigint): Buffer {
  return offset + size <= BigInt(file.length) ? file.subarray(Number(offset), Number(offset + size)) : Buffer.alloc(0);
}
