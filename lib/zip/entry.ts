/**
 * The entries of a layer's zip, and the error for an invalid zip.
 */
import { LayerError } from '../error';
import { printableName } from '../text/printable';

/** The file is not a zip, is damaged, or contains something that layers never contain. The message contains advice. */
export class ZipError extends LayerError {}

interface Named {
  /** relative to `/opt` in the function: `elf/KEY/usr/bin/rig` */
  readonly name: string;
  /** size in the zip, in bytes */
  readonly packedSize: number;
}

export interface ZippedFile extends Named {
  readonly type: 'file';
  /** permission bits */
  readonly mode: number;
  /** in bytes */
  readonly size: number;
  content(): Buffer;
}

export interface ZippedLink extends Named {
  readonly type: 'link';
  readonly target: string;
}

export interface ZippedDirectory extends Named {
  readonly type: 'directory';
}

export type ZipEntry = ZippedFile | ZippedLink | ZippedDirectory;

/** Maximum length of a name and of a link's target (PATH_MAX). */
export const MOST_PATH = 4096;

/** @param what the predicate of a sentence whose subject is the entry */
export function refusal(file: string, name: string, what: string): ZipError {
  return new ZipError(
    `${file}: the entry '${printableName(name)}' ${what}; this is not a layer made by binary-layer, and nothing was unpacked`,
  );
}

/** The reason why a name is not a path inside the layer. */
export function problemOf(name: string): string | undefined {
  if (name.startsWith('/')) return 'is absolute';
  if (name.includes('\0')) return 'has a NUL character';
  if (name.includes('\\')) return 'has a backslash';
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(name)) return 'has . or .. as a component';
  if (/^$|\/\//.test(name)) return 'has an empty component';
  return name.length > MOST_PATH ? `has ${name.length} characters` : undefined;
}
