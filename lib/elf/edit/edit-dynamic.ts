/**
 * Edits the entries of the dynamic section, and the strings that they refer to.
 */
import type { ByteReader } from '../byte-reader';
import {
  DT_DEBUG, DT_NEEDED, DT_NULL, DT_RPATH, DT_RUNPATH, DT_VERNEED, DYN_SIZE, type DynamicSection,
} from '../dynamic-section';
import { FormatError } from '../format-error';
import { pair, type Part } from './part';
import { versionNeedFiles } from '../symbol-version';

/** The parts of a file that the dynamic entries and their strings are in. */
export interface DynamicParts {
  readonly section: Part;
  readonly strings: Part;
  /** `vn_file` of each entry of DT_VERNEED: the offset of a library's name in the strings, 4 bytes */
  readonly files: readonly Part[];
}

/** A new DT_NEEDED, and the names that it replaces. Symbol versions that were required from these names are required from the new one. */
export type NewNeed = readonly [name: string, ...replaced: readonly string[]];

/** The names of DT_NEEDED that are replaced → their new names. */
export function replacedNames(needed: readonly NewNeed[]): ReadonlyMap<string, string> {
  return new Map(needed.flatMap(([name, ...replaced]) => replaced.map((old) => [old, name] as const)));
}

/** Finds `vn_file` of each entry of DT_VERNEED. */
export function versionFiles(reader: ByteReader, dynamic: DynamicSection): Part[] {
  const table = dynamic.extent(DT_VERNEED);
  if (table === undefined) return [];
  return versionNeedFiles(reader, table.offset).map((offset) => {
    const place = { offset, vaddr: table.vaddr + offset - table.offset, size: 4 };
    return { place, content: Buffer.from(reader.view(offset, place.size)) };
  });
}

/** Replaces DT_RPATH and DT_RUNPATH; an empty string removes both. */
export function editRpath(parts: DynamicParts, rpath: string): void {
  replaceEntries(parts, [DT_RPATH, DT_RUNPATH], DT_RPATH, rpath === '' ? [] : [rpath]);
}

/**
 * Replaces all DT_NEEDED.
 *
 * glibc looks up the library of each required version by the name of the DT_NEEDED that loaded it (elf/dl-version.c, find_needed), so the
 * names in DT_VERNEED are replaced, too.
 */
export function editNeeded(parts: DynamicParts, needed: readonly NewNeed[]): void {
  const { section, strings, files } = parts;
  const nameAt = (index: number) => strings.content.toString('latin1', index, strings.content.indexOf(0, index));
  const known = pairsOf(section).filter((entry) => tagOf(entry) === DT_NEEDED).map((entry) => nameAt(valueOf(entry)));
  const replacements = replacedNames(needed);
  const kept = known.find((name) => !replacements.has(name));
  if (kept !== undefined) {
    throw new FormatError(`found DT_NEEDED ${kept}, expected each to be replaced`, section.place.offset);
  }
  replaceEntries(parts, [DT_NEEDED], DT_NEEDED, needed.map(([name]) => name));
  for (const file of files) {
    const name = replacements.get(nameAt(file.content.readUInt32LE()));
    if (name !== undefined) file.content.writeUInt32LE(indexOf(strings, name));
  }
}

/**
 * Makes room for an entry by removing DT_DEBUG, from which debuggers read the list of libraries. lld leaves no spare entry, and a dynamic
 * section that moves needs a segment above the others, which programs at a fixed address should not have: see prepend.ts.
 */
export function dropDebug(section: Part): void {
  section.content = joined(pairsOf(section).filter((entry) => tagOf(entry) !== DT_DEBUG));
}

/** Adds a distance to the offsets of all strings that an edit has appended. */
export function moveNewStrings({ section, strings, files }: DynamicParts, distance: number): void {
  for (const entry of pairsOf(section)) {
    if ([DT_NEEDED, DT_RPATH].includes(tagOf(entry)) && valueOf(entry) >= strings.place.size) {
      entry.writeBigUInt64LE(BigInt(valueOf(entry) + distance), 8);
    }
  }
  for (const { content } of files) {
    if (content.readUInt32LE() >= strings.place.size) content.writeUInt32LE(content.readUInt32LE() + distance);
  }
}

/** New entries are at the position of the first old one, or else at the end. */
function replaceEntries({ section, strings }: DynamicParts, old: readonly number[], tag: number, values: readonly string[]): void {
  const entries = pairsOf(section);
  const first = entries.findIndex((entry) => old.includes(tagOf(entry)));
  const others = entries.filter((entry) => !old.includes(tagOf(entry)));
  // appended together: a program of 200 MB may have 20 MB of strings, and each concatenation copies them
  const appended = values.map((value) => Buffer.from(`${value}\0`)).filter((string) => !strings.content.includes(string));
  if (appended.length > 0) strings.content = Buffer.concat([strings.content, ...withoutContained(appended)]);
  others.splice(first < 0 ? others.length : first, 0, ...values.map((value) => pair(tag, indexOf(strings, value))));
  section.content = joined(others);
}

/** Drops each string that is also the end of an earlier string. Every string includes its NUL. */
function withoutContained(strings: readonly Buffer[]): Buffer[] {
  return strings.filter((string, index) => !strings.slice(0, index).some((other) => other.includes(string)));
}

function indexOf(strings: Part, value: string): number {
  return strings.content.indexOf(Buffer.from(`${value}\0`));
}

/** The entries before DT_NULL; writing to one changes the section. */
function pairsOf({ content }: Part): Buffer[] {
  const pairs: Buffer[] = [];
  for (let at = 0; at + DYN_SIZE <= content.length; at += DYN_SIZE) {
    const entry = content.subarray(at, at + DYN_SIZE);
    if (tagOf(entry) === DT_NULL) break;
    pairs.push(entry);
  }
  return pairs;
}

function joined(pairs: readonly Buffer[]): Buffer {
  return Buffer.concat([...pairs, pair(DT_NULL, 0)]);
}

function tagOf(entry: Buffer): number {
  return Number(entry.readBigUInt64LE(0));
}

function valueOf(entry: Buffer): number {
  return Number(entry.readBigUInt64LE(8));
}
