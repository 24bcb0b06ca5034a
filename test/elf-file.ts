/**
 * ELF files built byte by byte, and bytes that do not compress: the same on every machine.
 */
import { createCipheriv } from 'crypto';

/** The first 64 bytes of a 64-bit little-endian ELF file, by default of a program for x86_64. */
export function elfHeader({
  bits = 64,
  byteOrder = 'little',
  type = 2,
  machine = 62,
}: { bits?: 32 | 64; byteOrder?: 'little' | 'big'; type?: number; machine?: number } = {}): Buffer {
  const header = Buffer.alloc(64);
  header.write('\x7fELF', 'latin1');
  header.set([bits === 64 ? 2 : 1, byteOrder === 'little' ? 1 : 2, 1], 4);
  const u16 = (value: number, offset: number) =>
    byteOrder === 'little' ? header.writeUInt16LE(value, offset) : header.writeUInt16BE(value, offset);
  u16(type, 16);
  u16(machine, 18);
  u16(64, 52); // e_ehsize
  u16(56, 54); // e_phentsize
  return header;
}

/**
 * A dynamic ELF file for x86_64, written byte by byte, so that it is the same everywhere, unlike the output of a linker. It has the
 * structures that loaders and packers read, and no code.
 */
export function elfFile({ interpreter, needed = [], soname, runpath, text = '' }: {
  interpreter?: string; needed?: readonly string[]; soname?: string; runpath?: string; text?: string;
}): Buffer {
  const strings = ['', ...needed, ...[soname, runpath].filter((string) => string !== undefined)];
  const dynstr = Buffer.from(`${strings.join('\0')}\0`);
  const indexOf = (string: string) => dynstr.indexOf(`\0${string}\0`) + 1;
  const base = 0x400;
  const interp = Buffer.from(interpreter === undefined ? '' : `${interpreter}\0`);
  const data = Buffer.from(`\0${text}\0`);
  const note = Buffer.alloc(24);
  note.writeUInt32LE(4, 0);
  note.writeUInt32LE(8, 4);
  note.writeUInt32LE(3, 8); // NT_GNU_BUILD_ID
  note.write('GNU\0', 12);
  const at = { interp: base, strings: base + interp.length, data: base + interp.length + dynstr.length, note: 0, dynamic: 0 };
  at.note = Math.ceil((at.data + data.length) / 8) * 8;
  at.dynamic = at.note + note.length;
  const pairs: [number, number][] = [
    ...needed.map((name): [number, number] => [1, indexOf(name)]),
    ...(soname === undefined ? [] : [[14, indexOf(soname)] as [number, number]]),
    ...(runpath === undefined ? [] : [[29, indexOf(runpath)] as [number, number]]),
    [5, at.strings], [10, dynstr.length], [0, 0],
  ];
  const size = at.dynamic + pairs.length * 16;
  const segments = [
    { type: 1, offset: 0, size, align: 0x1000 },
    ...(interpreter === undefined ? [] : [{ type: 3, offset: at.interp, size: interp.length, align: 1 }]),
    { type: 2, offset: at.dynamic, size: pairs.length * 16, align: 8 },
    { type: 4, offset: at.note, size: note.length, align: 4 },
  ];
  const file = Buffer.alloc(size);
  elfHeader({ type: 3 }).copy(file);
  file.writeUInt32LE(1, 20); // e_version
  file.writeBigUInt64LE(64n, 32); // e_phoff
  file.writeUInt16LE(segments.length, 56);
  for (const [index, segment] of segments.entries()) {
    const header = 64 + index * 56;
    file.writeUInt32LE(segment.type, header);
    file.writeUInt32LE(6, header + 4);
    for (const field of [8, 16, 24]) file.writeBigUInt64LE(BigInt(segment.offset), header + field);
    for (const field of [32, 40]) file.writeBigUInt64LE(BigInt(segment.size), header + field);
    file.writeBigUInt64LE(BigInt(segment.align), header + 48);
  }
  interp.copy(file, at.interp);
  dynstr.copy(file, at.strings);
  data.copy(file, at.data);
  note.copy(file, at.note);
  for (const [index, [tag, value]] of pairs.entries()) {
    file.writeBigUInt64LE(BigInt(tag), at.dynamic + index * 16);
    file.writeBigUInt64LE(BigInt(value), at.dynamic + index * 16 + 8);
  }
  return file;
}

/** Pseudorandom bytes, which do not compress and are the same every time. */
export function noise(size: number, seed: number): Buffer {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(size));
}
