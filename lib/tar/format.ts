/**
 * The tar format: POSIX.1-2017, "pax Interchange Format" and "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */

/** Size of a block, in bytes. A header is one block, and the content of a file is padded to whole blocks. */
export const BLOCK = 512;

/** Position and length of a header's fields, in bytes. */
export const FIELDS = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  modified: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  link: [157, 100],
  magic: [257, 8],
  prefix: [345, 155],
} as const;

export type Field = keyof typeof FIELDS;

export const MAGIC = 'ustar\x0000';

/** Type flag → type of the entry. A header with the flag `x`, `L` or `K` describes the next entry, one with `g` all later entries. */
export const TYPES = {
  0: 'file', 1: 'hard link', 2: 'symbolic link', 3: 'character device', 4: 'block device', 5: 'directory', 6: 'pipe', 7: 'file',
} as const;

export type TarType = typeof TYPES[keyof typeof TYPES];

export function fieldOf(header: Buffer, field: Field): Buffer {
  const [start, length] = FIELDS[field];
  return header.subarray(start, start + length);
}

/** The sum of a header's bytes, in which the checksum itself counts as spaces. */
export function checksumOf(header: Buffer): number {
  const sum = (bytes: Buffer) => bytes.reduce((total, byte) => total + byte, 0);
  return sum(header) - sum(fieldOf(header, 'checksum')) + FIELDS.checksum[1] * 0x20;
}
