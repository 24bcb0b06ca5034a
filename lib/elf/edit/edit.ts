/**
 * Edits an ELF file: its loader, its library directories, and the libraries that it needs.
 */
import { ByteReader } from '../byte-reader';
import { DT_STRSZ, DT_STRTAB, DynamicSection } from '../dynamic-section';
import { dropDebug, editNeeded, editRpath, type NewNeed, versionFiles } from './edit-dynamic';
import { FormatError } from '../format-error';
import { PHDR_SIZE, readHeader } from '../header';
import { HEADER_SIZE } from '../identification';
import { editBehindSegment } from './in-place';
import { Image } from '../loaded-image';
import type { HeaderSource } from './new-segment';
import { addSegment, spareHeader } from './new-segment';
import { checkOverlaps, checkSymbols, structures } from './overlap';
import type { Part } from './part';
import { dynamicPart, interpreterPart, partsAfterHeaders, setValue, stringsPart, tableParts } from './part';
import { prepend } from './prepend';
import type { Extent } from '../program-header';
import { PF_R, PF_W, PT_DYNAMIC, readSegments, setExtent } from '../program-header';
import type { Range } from './read-back';
import { checked } from './read-back';
import { linkingTables, moveSection } from '../section-header';

/**
 * Edits of the fields that the kernel and the dynamic loader read.
 *
 * Code and data keep their addresses. An edit overwrites the old value; if the new value is too long, it goes to a new or enlarged
 * segment, and the pointers to it are updated. The result is read back before it is returned.
 */
export interface ElfEdit {
  /** The path of the loader (PT_INTERP), which replaces the present one. Undefined keeps the present one. */
  readonly interpreter?: string;
  /**
   * The directories of the new DT_RPATH, separated by `:`. It replaces any DT_RPATH and DT_RUNPATH.
   * An empty string removes both; undefined keeps both.
   */
  readonly rpath?: string;
  /** The new DT_NEEDED. They replace all present ones. Undefined keeps the present ones. */
  readonly needed?: readonly NewNeed[];
}

/**
 * The edited file in a new buffer, or `bytes` itself if nothing changes. `bytes` is never modified. The same edit of the
 * same file gives the same bytes.
 *
 * @throws FormatError if the file cannot be read, has no interpreter or dynamic section to edit, has overlapping structures in the
 * edited parts, has no room for one more program header, or has appended data that must not move
 */
export function editElf(bytes: Buffer, edit: ElfEdit): Buffer {
  const header = readHeader(bytes);
  if (header.type !== 'executable' && header.type !== 'shared') {
    throw new FormatError(`found a file of type '${header.type}', expected an executable or a shared object`, 16);
  }
  const reader = new ByteReader(bytes);
  const segments = readSegments(reader, header);
  const dynamic = DynamicSection.find(reader, segments);
  const section = dynamic && dynamicPart(reader, dynamic);
  const strings = dynamic && stringsPart(reader, dynamic);
  const interpreter = interpreterPart(reader, segments);
  if (edit.interpreter !== undefined) editInterpreter(interpreter, edit.interpreter);
  const files = dynamic && edit.needed ? versionFiles(reader, dynamic) : [];
  if (section && strings) {
    if (edit.rpath !== undefined) editRpath({ section, strings, files }, edit.rpath);
    if (edit.needed !== undefined) editNeeded({ section, strings, files }, edit.needed);
  } else if (edit.rpath || edit.needed) {
    throw new FormatError('found no dynamic section with strings, expected one to hold the rpath', 0);
  }
  if (section && !fits(section) && header.type === 'executable') dropDebug(section);

  let parts = [section, strings, ...files, interpreter].filter((part) => part !== undefined);
  const isChanged = ({ place, content }: Part) => !padded(content, place.size).equals(reader.view(place.offset, place.size));
  if (!parts.some(isChanged)) return bytes;
  checkSymbols(header, segments, dynamic);
  checkOverlaps(parts.filter(isChanged), structures(header, segments, dynamic));
  const image = Image.of(bytes, header, segments);
  if (image.hasOverlay && section && strings && fits(section) && (interpreter === undefined || fits(interpreter))) {
    const inPlace = editBehindSegment(bytes, header, segments, { section, strings, files, interpreter }, image.end);
    if (inPlace) {
      const written = [...headersOf(inPlace.file), ...inPlace.written];
      return checked(bytes, inPlace.file, edit, { written, moved: 0, end: image.end, shift: 0 });
    }
  }

  let moves = parts.filter((part) => !fits(part));
  // `prepend` makes room in the lowest segment, which is read-only. So the dynamic section, which loaders write to, cannot move there
  const room =
    moves.length === 0 || moves.some(({ segmentType }) => segmentType === PT_DYNAMIC)
      ? undefined
      : prepend(bytes, header, segments, sizesOf(moves));
  let source: HeaderSource = spareHeader(bytes, segments) ?? 'move';
  if (moves.length > 0 && !room && source === 'move' && dynamic) {
    const tables = tableParts(reader, segments, dynamic);
    const overwritten = partsAfterHeaders(reader, header, [...parts, ...tables]);
    if (overwritten) {
      source = 'grow';
      checkOverlaps(overwritten, structures(header, segments, dynamic));
      parts = [...parts, ...tables];
      moves = parts.filter((part) => moves.includes(part) || overwritten.includes(part));
    }
  }
  if (moves.length > 0 && image.hasOverlay) image.checkMovable(bytes);

  const { file, places, shift, moved } = moves.length === 0
    ? { file: Buffer.from(bytes), places: [], shift: 0, moved: 0 }
    : room ?? addSegment(bytes, header, segments, image, sizesOf(moves), flagsOf(moves), source);
  for (const [index, { tag, content }] of moves.entries()) {
    if (section && tag !== undefined) setValue(section, tag, places[index].vaddr);
    if (section && tag === DT_STRTAB) setValue(section, DT_STRSZ, content.length);
  }
  for (const part of parts) {
    const isMoved = moves.includes(part);
    const place = isMoved ? places[moves.indexOf(part)] : { ...part.place, offset: part.place.offset + moved };
    part.content.copy(file.fill(0, place.offset, place.offset + place.size), place.offset);
    if (!isMoved) continue;
    moveSegment(file, part.segmentType, place);
    moveSection(file, part.place, place);
  }
  const written = [...headersOf(file), ...parts.map(({ place }) => ({ offset: place.offset + moved, size: place.size }))];
  return checked(bytes, file, edit, { written, moved, end: image.end, shift });
}

/** Ranges of an edited file in which an edit changes numbers: ELF header, program headers, section headers and symbols. */
function headersOf(file: Buffer): Range[] {
  const { phoff, phnum } = readHeader(file);
  return [{ offset: 0, size: HEADER_SIZE }, { offset: phoff, size: phnum * PHDR_SIZE }, ...linkingTables(file)];
}

function sizesOf(parts: readonly Part[]): number[] {
  return parts.map(({ content }) => content.length);
}

function padded(content: Buffer, size: number): Buffer {
  return content.length >= size ? content : Buffer.concat([content], size);
}

function fits({ place, content }: Part): boolean {
  return content.length <= place.size;
}

/** Loaders write to the dynamic section: they make its addresses absolute and fill in DT_DEBUG. */
function flagsOf(moves: readonly Part[]): number {
  return moves.some(({ segmentType }) => segmentType === PT_DYNAMIC) ? PF_R + PF_W : PF_R;
}

function editInterpreter(interpreter: Part | undefined, path: string): void {
  if (interpreter === undefined) {
    throw new FormatError('found no interpreter, expected one to be replaced', 0);
  }
  // NULs pad a shorter path. The kernel expects a NUL as the last byte, and loaders read up to the first NUL
  interpreter.content = Buffer.from(`${path}\0`);
}

/** Points the first program header of the type to a new place. */
function moveSegment(file: Buffer, type: number | undefined, place: Extent): void {
  const { phoff, phnum } = readHeader(file);
  for (let at = phoff; at < phoff + phnum * PHDR_SIZE; at += PHDR_SIZE) {
    if (file.readUInt32LE(at) === type) return setExtent(file.subarray(at, at + PHDR_SIZE), place);
  }
}
