/**
 * Directories of a package that its objects name by two strings: a standard directory, such as `/usr/lib/x86_64-linux-gnu`, and a name in
 * it, such as `gegl-0.4`. GLib's `g_build_filename (LIBDIR, "gegl-0.4", NULL)` joins them.
 *
 * A name is weak evidence, so it counts only for a directory of the object's own package, and only if that package is requested or a direct
 * dependency of a requested one: plug-ins of more distant libraries would fill the layers of large programs.
 */
import * as path from 'path';
import type { Mentioning } from './path-mentions';
import { isCommandDirectory, isStandardDirectory, unitOf } from '../../root/standard';
import { withoutTrailing } from '../../text/trailing';
import { isNonRuntime } from '../kinds/non-runtime';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';

const WORD = /[\w-]/;

/** @returns paths of directories of the package */
export function behindStandardDirectories(
  { real, owner }: Mentioning,
  requested: RequestedPackages,
  { root, packageFiles }: Context,
): readonly string[] {
  if (owner === undefined || !requested.requiresDirectly(owner)) return [];
  const { elf, mentions } = root.content(real);
  if (elf === undefined) return [];
  const whole = mentions.filter(({ kind }) => kind === 'whole').map((mention) => withoutTrailing(mention.path, '/'));
  const standard = new Set(whole.filter((one) => isStandardDirectory(one) && !isCommandDirectory(one)));
  if (standard.size === 0) return [];
  const known = new Set(whole.map(unitOf));
  const isUnnamed = (unit: string) => standard.has(path.posix.dirname(unit)) && !known.has(unit) && !isNonRuntime(`${unit}/`);
  const units = [...new Set([...packageFiles.directoriesOf(owner)].map(unitOf))].filter(isUnnamed);
  return units.length === 0 ? units : root.scan(real, (bytes) => units.filter((unit) => isString(path.posix.basename(unit), bytes)));
}

/**
 * True if a name is followed by a NUL and is not the end of a longer word. The byte before it need not be a NUL, because the preceding
 * constant may end without one.
 */
function isString(name: string, bytes: Buffer): boolean {
  const text = Buffer.from(`${name}\0`);
  for (let at = bytes.indexOf(text); at >= 0; at = bytes.indexOf(text, at + 1)) {
    if (at > 0 && !WORD.test(String.fromCharCode(bytes[at - 1]))) return true;
  }
  return false;
}
