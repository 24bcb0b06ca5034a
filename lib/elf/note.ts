/**
 * Notes in an ELF file.
 */
import type { ByteReader } from './byte-reader';
import { PT_NOTE, type Segment } from './program-header';

/**
 * A note: a few bytes that a compiler, linker or packager leaves in a file, with the name of the note's owner and a number for the kind of
 * note. For example, the build id has the owner `GNU` and the number 3.
 */
export interface Note {
  readonly owner: string;
  readonly type: number;
  /** A copy. */
  readonly descriptor: Buffer;
}

/** The notes of all PT_NOTE segments. Loaders do not need them, so a malformed note is not an error: it ends the list of its segment. */
export function readNotes(reader: ByteReader, segments: readonly Segment[]): Note[] {
  const notes: Note[] = [];
  let left = reader.length; // bytes that notes may still take: all notes together get no larger than the file, even if segments overlap
  for (const segment of segments) {
    if (segment.type !== PT_NOTE || segment.offset + segment.filesz > reader.length) continue;
    // names and descriptors are padded to 4 bytes, or to 8 in segments with that alignment (.note.gnu.property)
    const align = segment.align === 8 ? 8 : 4;
    const padded = (offset: number) => Math.ceil(offset / align) * align;
    const bytes = reader.view(segment.offset, segment.filesz);
    let at = 0;
    while (at + 12 <= bytes.length) {
      const ownerSize = bytes.readUInt32LE(at);
      const descriptorSize = bytes.readUInt32LE(at + 4);
      const descriptor = padded(at + 12 + ownerSize);
      const end = descriptor + descriptorSize;
      if (end > bytes.length || end - at > left) break;
      left -= end - at;
      notes.push({
        owner: bytes.toString('utf8', at + 12, at + 12 + ownerSize).split('\0', 1)[0],
        type: bytes.readUInt32LE(at + 8),
        descriptor: Buffer.from(bytes.subarray(descriptor, end)),
      });
      at = padded(end);
    }
  }
  return notes;
}
