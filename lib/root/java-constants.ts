/**
 * Absolute paths that are string constants of the classes in a Java archive. Classes are compressed, so a search of the archive's bytes
 * does not find these paths.
 */
import { entriesOf, stringsOf, unpack } from './java-archive';
import { isSigned, withEntry } from './java-manifest';
import { CENTRAL } from './zip-headers';

/** Maximum size of a class, and of all classes of an archive unpacked, in bytes. */
const MOST_CLASS = 4 * 1024 * 1024;
const MOST_CLASSES = 64 * 1024 * 1024;
/** Maximum number of classes that are changed: each change copies the archive. */
const MOST_CHANGED = 64;
const PATH = /^\/(?:etc|opt|srv|usr|var)\/[\w.+/-]+$/;
/** Maximum length of a constant, in bytes: a class stores the length in two bytes. */
const MOST_LENGTH = 0xffff;
const LENGTH_BYTES = 2;

/** The paths that are constants of classes. Empty if the archive is signed, because then its classes must not change. */
export function pathsInClasses(archive: Buffer): readonly string[] {
  const paths = new Set<string>();
  for (const { content } of classesOf(archive)) for (const { path } of pathsOf(content)) paths.add(path);
  return [...paths].sort();
}

/** Replaces paths in the classes of an archive. @param paths path in a class → new path */
export function withPathsInClasses(archive: Buffer, paths: ReadonlyMap<string, string>): Buffer {
  let changed = archive;
  let left = MOST_CHANGED;
  for (const { name, content } of classesOf(archive)) {
    const edited = withPaths(content, paths);
    if (edited === content || left-- <= 0) continue;
    // find the entry again: every change moves the central directory
    const entry = [...entriesOf(changed)].find((one) => one.name === name);
    if (entry) changed = withEntry(changed, entry, edited);
  }
  return changed;
}

function withPaths(content: Buffer, paths: ReadonlyMap<string, string>): Buffer {
  const parts: Buffer[] = [];
  let behind = 0;
  for (const { path, start, end } of pathsOf(content)) {
    const text = paths.get(path);
    if (text === undefined || text.length > MOST_LENGTH) continue;
    const length = Buffer.alloc(LENGTH_BYTES);
    length.writeUInt16BE(text.length);
    parts.push(content.subarray(behind, start - LENGTH_BYTES), length, Buffer.from(text, 'latin1'));
    behind = end;
  }
  return behind === 0 ? content : Buffer.concat([...parts, content.subarray(behind)]);
}

function* pathsOf(content: Buffer): Generator<{ readonly path: string; readonly start: number; readonly end: number }> {
  for (const [start, end] of stringsOf(content)) {
    const path = content.toString('latin1', start, end);
    if (PATH.test(path)) yield { path, start, end };
  }
}

function* classesOf(archive: Buffer): Generator<{ readonly name: string; readonly content: Buffer }> {
  const entries = [...entriesOf(archive)];
  if (isSigned(entries)) return;
  let left = MOST_CLASSES;
  for (const { name, at } of entries) {
    const size = archive.readUInt32LE(at + CENTRAL.unpacked);
    if (!name.endsWith('.class') || size > MOST_CLASS || size > left) continue;
    left -= size;
    const content = unpack(archive, at, size);
    if (content) yield { name, content };
  }
}
