/**
 * The plan: each entry of the layer, what is done to it, and why it is there. It is complete and proved
 * before a byte is written, and the layer's bytes depend on nothing else.
 */
import { createHash } from 'crypto';
import { Alias } from './alias';
import { Why } from '../collect/selection';
import { LayerPath, MachinePath, RootPath } from '../root/paths';

/**
 * Version of the rules by which a layer is made. It goes up whenever the same source would give other bytes.
 */
export const RULES_VERSION = 4;

/** Stands for the layer's key wherever a plan says it: the key is a hash of the plan. */
export const KEY = '{key}';

/** Where the mirrored root stands, inside the function. */
export function rootOf(key: string): string {
  return `/opt/elf/${key}`;
}

/** What is done to a file's bytes. */
export interface Edits {
  /** PT_INTERP, with `KEY` */
  readonly interpreter?: string;
  /** DT_RPATH, with `KEY`; `''` for none */
  readonly rpath?: string;
  /** the first line of a script, with `KEY` */
  readonly shebang?: string;
  /** whether it is Python's bytecode, which is to hold without a look at its source */
  readonly bytecode?: boolean;
  /** offset in bytes → what is written there, with `KEY`, over as many bytes as it has */
  readonly texts?: readonly (readonly [offset: number, text: string])[];
  /**
   * offset in bytes of each path that an alias replaces → the index of the alias in `Plan.aliases`, and of its name the
   * characters that stand there @default - all
   */
  readonly aliases: readonly (readonly [offset: number, alias: number, from?: number, to?: number])[];
}

export interface FileEntry {
  readonly kind: 'file';
  /** below the mirrored root, as `/usr/bin/rig` */
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

/** A file of the layer's own. */
export interface TextEntry {
  readonly kind: 'text';
  readonly path: LayerPath;
  /** with `KEY` */
  readonly text: string;
  /** @default 0644 */
  readonly mode?: number;
}

export type Entry = FileEntry | LinkEntry | DirectoryEntry | TextEntry;

export interface Plan {
  /** see `fingerprintOf` */
  readonly fingerprint: string;
  /** see `keyOf` */
  readonly key: string;
  /** the directory of the source's root; the layer's bytes do not depend on it */
  readonly root: MachinePath;
  /** sorted by path */
  readonly entries: readonly Entry[];
  readonly aliases: readonly Alias[];
  /** name in `/opt/bin` → place below the mirrored root */
  readonly programs: Readonly<Record<string, string>>;
  /** likewise, of what these start by bare names */
  readonly commands: Readonly<Record<string, string>>;
  /** place of glibc's loader, where there is one; see confine-musl.ts for the other */
  readonly loader?: string;
}

/** A SHA-256 over paths, modes, content, edits, aliases and the version of the rules: all that the layer's bytes depend on. */
export function fingerprintOf(plan: Omit<Plan, 'fingerprint' | 'key' | 'root'>): string {
  const hash = createHash('sha256');
  const line = (...parts: unknown[]) => hash.update(`${JSON.stringify(parts)}\n`);
  line(RULES_VERSION, plan.programs, plan.commands, plan.loader, plan.aliases);
  for (const entry of plan.entries) {
    if (entry.kind === 'file') line(entry.path, entry.mode, entry.sha256, entry.edits);
    else line(entry);
  }
  return hash.digest('hex');
}

/** What tells the place of one layer from that of another: 8 hexadecimal digits of the fingerprint. */
export function keyOf(fingerprint: string): string {
  return fingerprint.slice(0, 8);
}

/** A text of a plan as it stands in the layer. */
export function withKey(text: string, key: string): string {
  return text.replaceAll(KEY, key);
}

/** Bytes that the files take unpacked, as they were at the source. */
export function sizeOf(plan: Pick<Plan, 'entries'>): number {
  return plan.entries.reduce((sum, entry) => sum + (entry.kind === 'file' ? entry.size : entry.kind === 'text' ? Buffer.byteLength(entry.text) : 0), 0);
}
