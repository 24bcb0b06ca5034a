import { part, sectionHeaders } from './section-header';

/**
 * Symbols that a shared library exports. No program header states their number, so they are read from the section
 * header of `.dynsym`, which strip keeps.
 */

const SHT_DYNSYM = 11;
const SYMBOL_SIZE = 24;
const SHN_UNDEF = 0;

/** @returns an empty set if the file has no section headers */
export function exportsOf(file: Buffer): Set<string> {
  const headers = sectionHeaders(file);
  const exported = new Set<string>();
  const section = (header: Buffer | undefined) =>
    (header ? part(file, header.readBigUInt64LE(24), header.readBigUInt64LE(32)) : Buffer.alloc(0));
  const dynsym = headers.find((header) => header.readUInt32LE(4) === SHT_DYNSYM);
  const symbols = section(dynsym);
  const names = section(dynsym && headers[dynsym.readUInt32LE(40)]);
  for (let at = 0; at + SYMBOL_SIZE <= symbols.length; at += SYMBOL_SIZE) {
    if (symbols.readUInt16LE(at + 6) === SHN_UNDEF) continue;
    const start = symbols.readUInt32LE(at);
    const end = names.indexOf(0, start);
    if (end > start) exported.add(names.toString('latin1', start, end));
  }
  return exported;
}
