/**
 * Names of programs in a layer.
 */
import * as path from 'path';

/** The name of a program in the layer: the name in `rename`, or else the file name in the request. */
export function programName(binary: string, rename: Readonly<Record<string, string>>): string {
  return Object.hasOwn(rename, binary) ? rename[binary] : path.posix.basename(binary);
}
