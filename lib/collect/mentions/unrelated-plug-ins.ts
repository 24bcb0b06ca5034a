/**
 * Plug-in directories that a requested package mentions, but that belong to packages unrelated to it. If several programs share a plug-in
 * interface, the packages of the plug-ins depend on none of these programs. An example is `/usr/lib/frei0r-1`, which ffmpeg mentions. The
 * directories are not packed, and a notice names them.
 */
import type { Package } from '../../packages/package';
import type { Context } from '../selection/context';
import type { RequestedPackages } from '../selection/requested-packages';

/** Start of the reason for skipping such a directory. The path of the file that mentions it follows. */
export const UNRELATED_PLUG_INS = 'plug-ins of a package that is unrelated to that of ';

/** The reason for skipping a path that a file mentions and that belongs to an unrelated package. */
export function reasonForUnrelated(
  real: string,
  { real: file, owner }: { readonly real: string; readonly owner?: Package },
  requested: RequestedPackages,
  { root }: Context,
): string {
  const hasPlugIns = () => root.isDirectory(real) && root.names(real).some((name) => name.endsWith('.so'));
  return owner !== undefined && requested.has(owner) && root.content(file).elf !== undefined && hasPlugIns() ? UNRELATED_PLUG_INS + file :
    `mentioned in ${file}, whose package neither owns it nor depends on one that does`;
}
