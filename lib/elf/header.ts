/**
 * The ELF header.
 */
import { ByteReader } from './byte-reader';
import { FormatError } from './format-error';
import { describe, HEADER_SIZE, identify } from './identification';

/**
 * The ELF header: the first 64 bytes of a 64-bit file. It contains the target architecture and the offsets of the two
 * tables: the program headers, which loaders read, and the section headers, which only linkers and debuggers read
 * and which may be missing.
 */
export interface Header {
  readonly machine: Machine;
  readonly type: FileType;
  readonly osAbi: number;
  /** `e_phoff`, `e_phnum`: the program header table. */
  readonly phoff: number;
  readonly phnum: number;
}

export type Machine = 'x86_64' | 'aarch64';

/** ET_EXEC, ET_DYN, ET_REL, ET_CORE. Position-independent executables are `shared`, like libraries. */
export type FileType = 'executable' | 'shared' | 'relocatable' | 'core';

/** The size of a program header, in bytes. */
export const PHDR_SIZE = 56;

/** `e_machine` */
export const MACHINE_NUMBERS: Readonly<Record<Machine, number>> = { x86_64: 62, aarch64: 183 };
const MACHINES = Object.keys(MACHINE_NUMBERS) as Machine[];
const TYPES: Record<number, FileType> = { 1: 'relocatable', 2: 'executable', 3: 'shared', 4: 'core' };

export function readHeader(bytes: Buffer): Header {
  const file = identify(bytes);
  if (!file.elf) {
    const found = bytes.length === 0 ? 'an empty file' : `the bytes ${bytes.subarray(0, 4).toString('hex')}`;
    throw new FormatError(`not an ELF file: found ${found}, expected 7f454c46`, 0);
  }
  const machine = MACHINES.find((name) => MACHINE_NUMBERS[name] === file.machine);
  if (file.class !== 64 || file.byteOrder !== 'little' || file.cut || machine === undefined) {
    throw new FormatError(`found ${describe(file)}, expected a whole 64-bit one for x86_64 or aarch64`, 0);
  }
  const type = TYPES[file.type];
  if (type === undefined) {
    throw new FormatError(`found an ELF file of type ${file.type}, expected 1 to 4`, 16);
  }

  const reader = new ByteReader(bytes.subarray(0, HEADER_SIZE));
  const phnum = reader.u16(56);
  const phentsize = reader.u16(54);
  if (phnum > 0 && phentsize !== PHDR_SIZE) {
    throw new FormatError(`found program headers of ${phentsize} bytes, expected ${PHDR_SIZE}`, 54);
  }
  return { machine, type, osAbi: file.osAbi, phoff: reader.u64(32), phnum };
}
