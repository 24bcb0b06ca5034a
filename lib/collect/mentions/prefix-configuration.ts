/**
 * Configuration of programs that can be installed in any prefix: `bin/rig` finds its own path, and then `etc` beside `bin`. If the program
 * is in /usr/bin, it looks in /etc instead. In a layer, the program has another path and looks in `usr/etc`, so `usr/etc` becomes a link
 * to `etc`.
 */
import * as path from 'path';
import { isCommandDirectory } from '../../root/standard';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

const OF_PREFIX = '/usr/etc';
const CONFIGURATION = '/etc/';
/** The link by which Linux tells a program its own path, and the end of a path such as `bin/../etc`. */
const EVIDENCE = ['/proc/self/exe', '/../etc'];

/** Adds the link if a packed program finds its prefix, and a file in /etc from the program's source package is packed. */
export function linkConfiguration(selection: Selection, { root, packages }: Context): void {
  const packed = [selection.files, selection.links, selection.directories, selection.generated].flatMap((one) => [...one.keys()]);
  if (packed.some((file) => `${file}/`.startsWith(`${OF_PREFIX}/`))) return;
  const files = [...selection.files.keys()].filter((real) => real.startsWith(CONFIGURATION));
  const configured = new Set(files.flatMap((real) => packages.ownerOf(real)?.source ?? []));
  const findsPrefix = (program: string) => root.scan(program, (bytes) => EVIDENCE.some((text) => bytes.includes(text)));
  for (const program of selection.processes.keys()) {
    const source = packages.ownerOf(program)?.source;
    if (source === undefined || !configured.has(source) || !isCommandDirectory(path.posix.dirname(program))) continue;
    if (!findsPrefix(program)) continue;
    selection.generated.set(OF_PREFIX, { link: path.posix.relative(path.posix.dirname(OF_PREFIX), CONFIGURATION) });
    return;
  }
}
