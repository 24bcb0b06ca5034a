/**
 * Notes that an edit may remove, because no program reads them.
 */
import { PT_NOTE, type Segment } from '../program-header';

/**
 * Notes that programs do not read at run time, by owner. Other notes may be a program's data: Node.js and Deno store the script
 * of a single-file program in one and find it with `dl_iterate_phdr`.
 *
 * Sources: binutils include/elf/common.h, Linux include/linux/elfnote-lto.h and build-salt.h, systemd's specifications of package
 * metadata and of dlopen metadata, Go cmd/link, SystemTap sys/sdt.h.
 */
const KNOWN: Readonly<Record<string, readonly number[]>> = {
  GNU: [1, 2, 3, 4, 5, 0x100, 0x101], // ABI tag, hardware capabilities, build id, version of gold, properties, build attributes
  stapsdt: [3],
  Go: [4], // build id
  FDO: [0xcafe1a7e, 0x407c0c0a], // package, libraries that the object opens
  Linux: [0x100, 0x101], // build salt, link-time optimization
  SuSE: [0x45537553],
};

/** True if all notes of a PT_NOTE are known, so that its program header can be reused. */
export function hasOnlyKnownNotes(bytes: Buffer, segment: Segment): boolean {
  if (segment.type !== PT_NOTE || segment.filesz === 0 || segment.offset + segment.filesz > bytes.length) return false;
  const notes = bytes.subarray(segment.offset, segment.offset + segment.filesz);
  const align = segment.align === 8 ? 8 : 4;
  const padded = (offset: number) => Math.ceil(offset / align) * align;
  let at = 0;
  while (at + 12 <= notes.length) {
    const ownerSize = notes.readUInt32LE(at);
    const descriptor = padded(at + 12 + ownerSize);
    const end = descriptor + notes.readUInt32LE(at + 4);
    if (end > notes.length) return false;
    const owner = notes.toString('latin1', at + 12, at + 12 + ownerSize).split('\0', 1)[0];
    if (!Object.hasOwn(KNOWN, owner) || !KNOWN[owner].includes(notes.readUInt32LE(at + 8))) return false;
    at = padded(end);
  }
  return notes.subarray(at).every((byte) => byte === 0);
}
