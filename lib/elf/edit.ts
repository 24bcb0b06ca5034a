import { ByteReader } from './byte-reader';
import { DT_NULL, DT_RPATH, DT_RUNPATH, DT_STRSZ, DT_STRTAB, DYN_SIZE, DynamicSection } from './dynamic-section';
import { FormatError } from './format-error';
import { PHDR_SIZE, readHeader } from './header';
import { addSegment, HeaderSource, spareHeader } from './new-segment';
import { dynamicPart, interpreterPart, Part, partsBehindHeaders, stringsPart, tableParts } from './part';
import { Extent, PF_R, PF_W, PT_DYNAMIC, readSegments, setExtent } from './program-header';
import { moveSection } from './section-header';

/**
 * Changes to what a file tells the kernel and the dynamic loader.
 *
 * Nothing in a file can be pushed aside. What an edit changes is written over what was there; what has become too long
 * for its place goes to a new segment at the end of the file, and what pointed to it points there.
 */
export interface ElfEdit {
  /** The path of the loader (PT_INTERP), in place of the file's present one. Undefined leaves that as it is. */
  readonly interpreter?: string;
  /**
   * The directories, with `:` between them, of a DT_RPATH in place of any DT_RPATH and DT_RUNPATH.
   * An empty string leaves neither; undefined leaves both as they are.
   */
  readonly rpath?: string;
}

/**
 * The edited file in a new buffer, or `bytes` itself where nothing changes. The same edit of the same file gives the
 * same bytes, and `bytes` stays as it is.
 *
 * @throws FormatError for a file that cannot be read, that has no interpreter or no dynamic section to be edited, or
 * that has no room for one more program header
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
  if (edit.rpath !== undefined) editRpath(dynamic, section, strings, edit.rpath);

  let parts = [section, strings, interpreter].filter(part => part !== undefined);
  let moves = parts.filter(({ place, content }) => content.length > place.size);
  let source: HeaderSource = spareHeader(segments) ?? 'move';
  if (moves.length > 0 && source === 'move' && dynamic) {
    parts = [...parts, ...tableParts(reader, segments, dynamic)];
    const behind = partsBehindHeaders(reader, header, parts);
    if (behind) {
      source = 'grow';
      moves = parts.filter(part => moves.includes(part) || behind.includes(part));
    }
  }

  const { file, places } = moves.length === 0
    ? { file: Buffer.from(bytes), places: [] }
    : addSegment(bytes, header, segments, moves.map(({ content }) => content.length), flagsOf(moves), source);
  for (const [index, { tag, content }] of moves.entries()) {
    if (section && tag !== undefined) setValue(section, tag, places[index].vaddr);
    if (section && tag === DT_STRTAB) setValue(section, DT_STRSZ, content.length);
  }
  for (const part of parts) {
    const place = places[moves.indexOf(part)] ?? part.place;
    part.content.copy(file.fill(0, place.offset, place.offset + place.size), place.offset);
    if (place === part.place) continue;
    moveSegment(file, part.segmentType, place);
    moveSection(file, part.place, place);
  }
  return file.equals(bytes) ? bytes : file;
}

/** The loaders write to the dynamic section: its addresses become absolute, and DT_DEBUG is filled in. */
function flagsOf(moves: readonly Part[]): number {
  return moves.some(({ segmentType }) => segmentType === PT_DYNAMIC) ? PF_R + PF_W : PF_R;
}

function editInterpreter(interpreter: Part | undefined, path: string): void {
  if (interpreter === undefined) {
    throw new FormatError('found no interpreter, expected one to be replaced', 0);
  }
  // a shorter path has NULs up to the end: the kernel wants one as the last byte, the loaders read up to the first
  interpreter.content = Buffer.from(`${path}\0`);
}

function editRpath(dynamic: DynamicSection | undefined, section: Part | undefined, strings: Part | undefined, rpath: string): void {
  if (dynamic === undefined || section === undefined || strings === undefined) {
    if (rpath === '') return;
    throw new FormatError('found no dynamic section with strings, expected one to hold the rpath', 0);
  }
  const isPath = ({ tag }: { tag: number }) => tag === DT_RPATH || tag === DT_RUNPATH;
  const pairs = dynamic.entries.filter(entry => !isPath(entry)).map(({ offset }) => {
    const at = offset - section.place.offset;
    return section.content.subarray(at, at + DYN_SIZE);
  });
  if (rpath !== '') {
    const string = Buffer.from(`${rpath}\0`);
    if (!strings.content.includes(string)) strings.content = Buffer.concat([strings.content, string]);
    // where the file's own was, and else at the end
    const index = dynamic.entries.findIndex(isPath);
    pairs.splice(index < 0 ? pairs.length : index, 0, pair(DT_RPATH, strings.content.indexOf(string)));
  }
  section.content = Buffer.concat([...pairs, pair(DT_NULL, 0)]);
}

function pair(tag: number, value: number): Buffer {
  const bytes = Buffer.alloc(DYN_SIZE);
  bytes.writeBigUInt64LE(BigInt(tag), 0);
  bytes.writeBigUInt64LE(BigInt(value), 8);
  return bytes;
}

/** Sets the value of each pair with that tag. */
function setValue(section: Part, tag: number, value: number): void {
  for (let at = 0; at + DYN_SIZE <= section.content.length; at += DYN_SIZE) {
    const found = section.content.readBigUInt64LE(at);
    if (found === BigInt(DT_NULL)) break;
    if (found === BigInt(tag)) pair(tag, value).copy(section.content, at);
  }
}

/** Points the first program header of that type to a new place. */
function moveSegment(file: Buffer, type: number | undefined, place: Extent): void {
  const { phoff, phnum } = readHeader(file);
  for (let at = phoff; at < phoff + phnum * PHDR_SIZE; at += PHDR_SIZE) {
    if (file.readUInt32LE(at) === type) return setExtent(file.subarray(at, at + PHDR_SIZE), place);
  }
}
