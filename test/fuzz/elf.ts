/**
 * ELF files: limits for reading a mutated file, and checks of the edited file.
 */
import { editElf, readElf, readSymbols } from '../../lib/elf';
import { stubLibrary } from '../../lib/elf/stub';

/** Maximum number of reads of an ELF reader, per byte of the file and for the smallest file. */
const READS_PER_BYTE = 64;
const READS = 4096;

/** Counts each access to the bytes: the time must be bounded by the size of the file. */
export class CountedBytes {
  public readonly length: number;
  private left: number;

  constructor(private readonly bytes: Buffer) {
    this.length = bytes.length;
    this.left = READS + READS_PER_BYTE * bytes.length;
  }

  public readUInt16LE(offset: number): number {
    this.count(2);
    return this.bytes.readUInt16LE(offset);
  }

  public readUInt32LE(offset: number): number {
    this.count(4);
    return this.bytes.readUInt32LE(offset);
  }

  public subarray(start: number, end: number): Buffer {
    this.count(end - start);
    return this.bytes.subarray(start, end);
  }

  private count(size: number): void {
    this.left -= size;
    if (this.left < 0) throw new Error(`a file of ${this.length} bytes is read more than ${READS_PER_BYTE} times over`);
  }
}

const INTERPRETER = '/opt/elf/0123456789abcdef/lib64/ld-linux-x86-64.so.2';

/** An edit that succeeds must have the requested result when the file is read again. */
export function edit(bytes: Buffer): unknown {
  const before = readElf(bytes); // only files that can be read are packed
  const edited = editElf(bytes, { interpreter: INTERPRETER, rpath: '/opt/lib' });
  let after;
  try {
    after = readElf(edited);
  } catch (error) {
    throw new Error(`an edited file cannot be read: ${(error as Error).message}`);
  }
  const isWritten = after.interpreter === INTERPRETER && after.dynamic?.rpath === '/opt/lib' && after.dynamic.runpath === undefined;
  if (!isWritten) throw new Error('an edited file does not have what was written');
  if (
    JSON.stringify(after.dynamic?.needed) !== JSON.stringify(before.dynamic?.needed)) throw new Error('an edit changed what a file needs');
  return undefined;
}

/** A stub must read back with the functions and versions of the original. */
export function stubbed(bytes: Buffer): unknown {
  const original = readSymbols(new CountedBytes(bytes));
  const functions = [...original.exports.values()].flat().filter(({ isFunction }) => isFunction);
  const stub = readSymbols(stubLibrary(original, functions, { library: original.soname ?? 'a library' }));
  const names = JSON.stringify([...new Set(functions.map(({ name }) => name))].sort());
  if (JSON.stringify([...stub.exports.keys()].sort()) !== names) throw new Error('a stub does not have the functions of the original');
  const isSame = JSON.stringify(stub.versions) === JSON.stringify(original.versions);
  if (!isSame) throw new Error('a stub does not have the versions of the original');
  return original.imports.map(({ name }) => name);
}
