/**
 * The class path in the manifest of a Java archive: other archives that the JVM opens with it (JAR File Specification, "Manifest
 * Specification"). Distributions write absolute paths. The manifest is compressed, so a search of the archive's bytes misses these paths.
 */
import { crc32 } from 'zlib';
import { type ArchiveEntry, endOf, entriesOf, unpack } from './java-archive';
import { CENTRAL, END, LOCAL, STORED } from './zip-headers';

const MANIFEST = 'META-INF/MANIFEST.MF';
/** A signature. It has digests of the manifest, which therefore must not change. */
const SIGNATURE = /^META-INF\/[^/]+\.SF$/i;
/** Maximum size of a manifest, in bytes. Only manifests with a digest for each class are larger, and their archives are signed. */
const MOST_BYTES = 1024 * 1024;
/** Maximum number of bytes of a line, without its line break. A line that begins with a space continues the previous one. */
const MOST_LINE = 70;
const LINES = new RegExp(`^.{1,${MOST_LINE}}|.{1,${MOST_LINE - 1}}`, 'g');
const CLASS_PATH = /^(Class-Path:)((?:[^\r\n]|\r?\n )*)/im;
const FILE = /^file:(?:\/\/)?(?=\/)/;

/** The paths in the class path of an archive. A path that is not absolute is relative to the archive's directory. */
export function classPathOf(archive: Buffer): readonly string[] {
  return wordsOf(manifestOf(archive)?.text.match(CLASS_PATH)?.[2] ?? '').map((word) => word.replace(FILE, ''));
}

/**
 * Replaces the class path of an archive. Bytes before the central directory do not move: the new manifest is after the other entries.
 *
 * @param replace returns the new path for an absolute path; the same path if it stays
 */
export function withClassPath(archive: Buffer, replace: (file: string) => string): Buffer {
  const manifest = manifestOf(archive);
  if (manifest === undefined) return archive;
  const text = manifest.text.replace(CLASS_PATH, (_, name: string, written: string) => folded([name, ...wordsOf(written).map((word) => {
    const file = word.replace(FILE, '');
    return file.startsWith('/') ? replace(file) : word;
  })].join(' ')));
  return withEntry(archive, manifest.entry, Buffer.from(text, 'latin1'));
}

function wordsOf(written: string): string[] {
  return written.replace(/\r?\n /g, '').split(' ').filter((word) => word !== '');
}

function folded(line: string): string {
  return (line.match(LINES) ?? []).join('\r\n ');
}

interface Manifest {
  readonly entry: ArchiveEntry;
  readonly text: string;
}

export function isSigned(entries: readonly ArchiveEntry[]): boolean {
  return entries.some(({ name }) => SIGNATURE.test(name));
}

/** @returns `undefined` if there is none, if it is too large or damaged, or if it must not change because the archive is signed */
function manifestOf(archive: Buffer): Manifest | undefined {
  const entries = [...entriesOf(archive)];
  if (isSigned(entries)) return undefined;
  const entry = entries.filter(({ name }) => name === MANIFEST).at(-1);
  const size = entry === undefined ? MOST_BYTES : archive.readUInt32LE(entry.at + CENTRAL.unpacked);
  if (entry === undefined || size >= MOST_BYTES) return undefined;
  const content = unpack(archive, entry.at, size);
  return content && { entry, text: content.toString('latin1') };
}

/** Replaces the content of an entry. The new content is after the other entries. */
export function withEntry(archive: Buffer, { name, at }: ArchiveEntry, content: Buffer): Buffer {
  const end = endOf(archive)!;
  const start = archive.readUInt32LE(end + END.directory);
  const local = Buffer.alloc(LOCAL.size);
  // version, date and time
  archive.copy(local, 0, archive.readUInt32LE(at + CENTRAL.offset), archive.readUInt32LE(at + CENTRAL.offset) + LOCAL.size);
  local.writeUInt16LE(name.length, LOCAL.nameLength);
  local.writeUInt16LE(0, LOCAL.extraLength);
  describe(local, LOCAL, content);
  const added = Buffer.concat([local, Buffer.from(name, 'latin1'), content]);
  const rest = Buffer.from(archive.subarray(start));
  const central = rest.subarray(at - start);
  describe(central, CENTRAL, content);
  central.writeUInt32LE(start, CENTRAL.offset);
  rest.writeUInt32LE(start + added.length, end - start + END.directory);
  return Buffer.concat([archive.subarray(0, start), added, rest]);
}

/** Writes fields of a header: the entry is not compressed, and no data descriptor follows it. */
function describe(header: Buffer, fields: Pick<typeof LOCAL, 'flags' | 'method' | 'crc' | 'packed' | 'unpacked'>, content: Buffer): void {
  header.writeUInt16LE(0, fields.flags);
  header.writeUInt16LE(STORED, fields.method);
  header.writeUInt32LE(crc32(content), fields.crc);
  header.writeUInt32LE(content.length, fields.packed);
  header.writeUInt32LE(content.length, fields.unpacked);
}
