/** A minimal ELF file, built byte by byte: one PT_LOAD segment that is the whole file, at the address that is its offset. */
export interface Plan {
  readonly type?: number;
  readonly machine?: number;
  /** of the PT_LOAD segment @default - 4 KiB */
  readonly align?: number;
  /** Other program headers: the place of each, by the name of its block. */
  readonly headers?: readonly { readonly type: number; readonly block: string; readonly align?: number }[];
  /** Blocks after the program headers, in order, each aligned to 8 bytes. */
  readonly blocks?: Readonly<Record<string, Buffer>>;
  /** The dynamic section, which is a block named `dynamic`. A string value is the address of the block with that name. */
  readonly dynamic?: readonly (readonly [tag: number, value: number | string])[];
}

export function build(plan: Plan = {}): Buffer {
  const headers = plan.headers ?? [];
  const dynamic = Buffer.alloc(plan.dynamic ? (plan.dynamic.length + 1) * 16 : 0);
  const blocks: Record<string, Buffer> = { ...plan.blocks, ...plan.dynamic && { dynamic } };
  const count = 1 + headers.length + (plan.dynamic ? 1 : 0);
  const offsets: Record<string, number> = {};
  let size = 64 + count * 56;
  for (const [name, { length }] of Object.entries(blocks)) {
    offsets[name] = Math.ceil(size / 8) * 8;
    size = offsets[name] + length;
  }
  plan.dynamic?.forEach(([tag, value], index) => dynamic.set(words(tag, typeof value === 'string' ? offsets[value] : value), index * 16));

  const file = Buffer.alloc(size);
  file.write('\x7fELF\x02\x01\x01', 'latin1');
  file.writeUInt16LE(plan.type ?? 3, 16);
  file.writeUInt16LE(plan.machine ?? 62, 18);
  file.writeBigUInt64LE(64n, 32); // e_phoff
  file.writeUInt16LE(64, 52); // e_ehsize
  file.writeUInt16LE(56, 54); // e_phentsize
  file.writeUInt16LE(count, 56); // e_phnum
  const header = (index: number, type: number, offset: number, length: number, align: number) => {
    file.writeUInt32LE(type, 64 + index * 56);
    file.writeUInt32LE(type === 1 ? 6 : 4, 68 + index * 56);
    file.set(words(offset, offset, offset, length, length, align), 72 + index * 56);
  };
  header(0, 1, 0, size, plan.align ?? 0x1000);
  headers.forEach(({ type, block, align }, index) => header(index + 1, type, offsets[block], blocks[block].length, align ?? 1));
  if (plan.dynamic) header(count - 1, 2, offsets.dynamic, dynamic.length, 8);
  for (const [name, content] of Object.entries(blocks)) content.copy(file, offsets[name]);
  return file;
}

/** 64-bit numbers. */
export function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 8);
  values.forEach((value, index) => bytes.writeBigUInt64LE(BigInt(value), index * 8));
  return bytes;
}

/** 32-bit numbers. */
export function halfWords(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeUInt32LE(value, index * 4));
  return bytes;
}
