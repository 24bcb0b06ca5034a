/**
 * Identifies a file by its first bytes, before anything else is parsed.
 *
 * The first 16 bytes of every ELF file (`e_ident`) have the same meaning; `e_type` and `e_machine` follow in the byte
 * order given by `e_ident`. This is enough to distinguish an ELF file of an unsupported kind from a damaged file.
 */

/** An ELF file of any class, byte order and machine. */
export interface Identification {
  readonly elf: true;
  /** 32 or 64 (bit). Any other number is an invalid EI_CLASS. */
  readonly class: number;
  readonly byteOrder: 'little' | 'big' | 'unknown';
  /** `e_machine`: EM_X86_64 is 62, EM_AARCH64 183. */
  readonly machine: number;
  /** `e_type`: ET_REL is 1, ET_EXEC 2, ET_DYN 3, ET_CORE 4. */
  readonly type: number;
  /** EI_OSABI: System V is 0, GNU 3. */
  readonly osAbi: number;
  /** True if the file ends within its header. Missing bytes are read as 0. */
  readonly cut: boolean;
}

/** The size of a 64-bit header, in bytes. glibc rejects libraries with fewer bytes (elf/dl-load.c, open_verify). */
export const HEADER_SIZE = 64;

const MAGIC = Buffer.from('\x7fELF', 'latin1');

const MACHINE_NAMES: Record<number, string> = {
  2: 'SPARC',
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC 64',
  22: 'S/390',
  40: 'ARM',
  43: 'SPARC 64',
  62: 'x86_64',
  183: 'aarch64',
  243: 'RISC-V',
  247: 'BPF',
  258: 'LoongArch',
};

/** Distinguishes ELF files from others. Never throws. */
export function identify(bytes: Buffer): { readonly elf: false } | Identification {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    return { elf: false };
  }
  const header = Buffer.alloc(HEADER_SIZE);
  bytes.copy(header);
  const byteOrder = ([undefined, 'little', 'big'] as const)[header[5]] ?? 'unknown';
  const u16 = (offset: number) => byteOrder === 'big' ? header.readUInt16BE(offset) : header.readUInt16LE(offset);
  return {
    elf: true,
    class: [undefined, 32, 64][header[4]] ?? header[4],
    byteOrder,
    osAbi: header[7],
    type: u16(16),
    machine: u16(18),
    cut: bytes.length < HEADER_SIZE,
  };
}

/** A phrase for messages: `a 32-bit ELF file for ARM`, `a 64-bit big-endian ELF file for machine 9`. */
export function describe(file: Identification): string {
  const byteOrder = file.byteOrder === 'little' ? '' : ` ${file.byteOrder === 'big' ? 'big-endian' : 'unknown-endian'}`;
  const machine = MACHINE_NAMES[file.machine] ?? `machine ${file.machine}`;
  return `a ${file.class}-bit${byteOrder} ELF file for ${machine}${file.cut ? ', cut off within its header' : ''}`;
}
