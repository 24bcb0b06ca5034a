/**
 * The entries of a layer's zip, and the error for a zip that is refused.
 */
import { printableName } from '../text/printable';
import { LayerError } from '../error';

/** A zip that is none, that is damaged, or that holds what no layer has; the message says what was found, and what to do. */
export class ZipError extends LayerError {}

interface Named {
  /** relative to what is `/opt` in the function, `elf/KEY/usr/bin/rig` */
  readonly name: string;
  /** that it takes in the zip, in bytes */
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

/** @param what continues a sentence whose subject is the entry */
export function refusal(file: string, name: string, what: string): ZipError {
  return new ZipError(`${file}: the entry '${printableName(name)}' ${what}; this is no layer of binary-layer's, and nothing was unpacked`);
}
