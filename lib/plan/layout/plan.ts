/**
 * The plan: each entry of the layer, how its bytes are edited, and the reason for it. It is complete and proved before a byte is
 * written, and the layer's bytes depend on nothing else.
 */
import { createHash } from 'crypto';
import type { Alias } from './alias';
import type { Generated, Why } from '../../collect/selection/selection';
import type { Machine, NewNeed } from '../../elf';
import type { LayerPath, RootPath } from '../../root/paths';

/**
 * Version of the rules for making a layer. It is incremented whenever the same source would give other bytes.
 */
export const RULES_VERSION = 6;

/** Placeholder for the layer's key in the texts of a plan: the key is a hash of the plan, so it is known last. */
export const KEY = '{key}';

/** The mirrored root of a layer: the directory in the function below which system files have the same paths as in the source. */
export function rootOf(key: string): string {
  return `/opt/elf/${key}`;
}

/** Edits of a file's bytes. */
export interface Edits {
  /** PT_INTERP, with `KEY` */
  readonly interpreter?: string;
  /** DT_RPATH, with `KEY`; `''` for none */
  readonly rpath?: string;
  /** DT_NEEDED, with `KEY`: see needed.ts */
  readonly needed?: readonly NewNeed[];
  /** the first line of a script, and possibly the beginning of the second one, with `KEY` */
  readonly shebang?: string;
  /** whether it is Python bytecode, which is marked as valid whatever the date of its source */
  readonly bytecode?: boolean;
  /** of a Java archive: path in its class path → path in the layer, with `KEY` */
  readonly classPath?: readonly (readonly [file: string, inLayer: string])[];
  /** of a Java archive: path in its classes → path in the layer, with `KEY` */
  readonly constants?: readonly (readonly [file: string, inLayer: string])[];
  /** offset in bytes → text, with `KEY`, that overwrites as many bytes as it has */
  readonly texts?: readonly (readonly [offset: number, text: string])[];
  /**
   * offset in bytes of each path that an alias replaces → index of the alias in `Plan.aliases`, and the range of the characters of
   * its name that are written there @default - all
   */
  readonly aliases: readonly (readonly [offset: number, alias: number, from?: number, to?: number])[];
}

export interface FileEntry {
  readonly kind: 'file';
  /** below the mirrored root: `/usr/bin/rig` */
  readonly path: LayerPath;
  /** in the source's root, links resolved */
  readonly real: RootPath;
  /** of the source as it was read; see `Root.stamp` */
  readonly stamp: string;
  readonly sha256: string;
  /** in bytes */
  readonly size: number;
  readonly mode: number;
  readonly edits?: Edits;
  readonly why: Why;
  /** of a stub library: its bytes, deflated, in Base64 @default - the bytes of the source */
  readonly stub?: string;
  /** of a locale archive: what it is made of, see locale-archive.ts @default - the file is a copy of `real` */
  readonly locale?: LocaleSource;
  /** estimated size, in bytes, of a file that is stored compressed: see compress.ts @default - it is not compressed */
  readonly compressed?: number;
}

export interface LocaleSource {
  readonly names: readonly string[];
  /** the files of `LOCALE_CATEGORIES`, resolved, and their stamps */
  readonly categories: readonly { readonly real: RootPath; readonly stamp: string }[];
}

/** A copy of the launcher: see compress.ts. */
export interface LauncherEntry {
  readonly kind: 'launcher';
  readonly path: LayerPath;
  readonly machine: Machine;
  readonly sha256: string;
}

export interface LinkEntry {
  readonly kind: 'link';
  readonly path: LayerPath;
  /** with `KEY` */
  readonly target: string;
}

export interface DirectoryEntry {
  readonly kind: 'directory';
  readonly path: LayerPath;
}

/** A generated file, which the source does not have. */
export interface TextEntry {
  readonly kind: 'text';
  readonly path: LayerPath;
  /** with `KEY` */
  readonly text: string;
  /** @default 0644 */
  readonly mode?: number;
}

export type Entry = FileEntry | LinkEntry | DirectoryEntry | TextEntry | LauncherEntry;

/** @param inLayer returns the path in the layer, with `KEY`, of a resolved directory of the source */
export function generatedEntry(place: LayerPath, generated: Generated, inLayer: (real: string) => string): LinkEntry | TextEntry {
  if ('link' in generated) return { kind: 'link', path: place, target: generated.link };
  return { kind: 'text', path: place, ...('text' in generated ? generated : { text: generated.textWith(inLayer) }) };
}

export interface Plan {
  /** see `fingerprintOf` */
  readonly fingerprint: string;
  /** see `keyOf` */
  readonly key: string;
  /** location of the source's root; the layer's bytes do not depend on it */
  readonly root: string;
  /** sorted by path */
  readonly entries: readonly Entry[];
  readonly aliases: readonly Alias[];
  /** name in `/opt/bin` → place below the mirrored root */
  readonly programs: Readonly<Record<string, string>>;
  /** the same for commands that programs start by name */
  readonly commands: Readonly<Record<string, string>>;
  /** place of glibc's loader, if a program needs it; see confine-musl.ts for musl's */
  readonly loader?: string;
}

/** A file without the facts that packing does not need: reasons and hashes are half of a plan. */
export type PackedFile = Omit<FileEntry, 'sha256' | 'size' | 'why'>;

/** What packing needs of a plan. */
export interface PackedPlan extends Omit<Plan, 'fingerprint' | 'entries'> {
  readonly entries: readonly (PackedFile | Exclude<Entry, FileEntry>)[];
}

/** The part of a plan that is sent to the packing process. */
export function packedPlan({ fingerprint, entries, ...plan }: Plan): PackedPlan {
  const packed = ({ sha256, size, why, ...file }: FileEntry): PackedFile => file;
  return { ...plan, entries: entries.map((entry) => (entry.kind === 'file' ? packed(entry) : entry)) };
}

/** SHA-256 of everything that the layer's bytes depend on: paths, modes, content, edits, aliases and the version of the rules. */
export function fingerprintOf(plan: Omit<Plan, 'fingerprint' | 'key' | 'root'>): string {
  const hash = createHash('sha256');
  const line = (...parts: unknown[]) => hash.update(`${JSON.stringify(parts)}\n`);
  line(RULES_VERSION, plan.programs, plan.commands, plan.loader, plan.aliases);
  for (const entry of plan.entries) {
    const { compressed } = entry as Partial<FileEntry>;
    if (entry.kind === 'file') line(entry.path, entry.mode, entry.sha256, entry.edits, ...(compressed === undefined ? [] : ['compressed']));
    else line(entry);
  }
  return hash.digest('hex');
}

/** The name of the layer's directory below `/opt/elf`: the first 8 hexadecimal digits of the fingerprint. */
export function keyOf(fingerprint: string): string {
  return fingerprint.slice(0, 8);
}

/** Replaces the placeholder in a text of a plan. */
export function withKey(text: string, key: string): string {
  return text.replaceAll(KEY, key);
}

/** Replaces the placeholder in the new names of DT_NEEDED. */
export function needsWithKey(needed: readonly NewNeed[], key: string): NewNeed[] {
  return needed.map(([name, ...replaced]) => [withKey(name, key), ...replaced]);
}

/** Unpacked size of the layer's files in bytes, before they are edited. The size of compressed files is estimated. */
export function sizeOf(plan: Pick<Plan, 'entries'>): number {
  return plan.entries.reduce((sum, entry) => sum + bytesOf(entry), 0);
}

/** The same for an entry. */
export function bytesOf(entry: Entry): number {
  if (entry.kind === 'file') return entry.compressed ?? entry.size;
  return entry.kind === 'text' ? Buffer.byteLength(entry.text) : 0;
}

/** Bytes of `/tmp` that the compressed files take when they are unpacked; 0 if there are none. */
export function temporaryBytes(plan: Pick<Plan, 'entries'>): number {
  return plan.entries.reduce((sum, entry) => sum + (entry.kind === 'file' && entry.compressed !== undefined ? entry.size : 0), 0);
}
