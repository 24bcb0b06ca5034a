/**
 * Keeps a linker from linking libraries of the host.
 *
 * To find the dependencies of a library, a linker searches LD_LIBRARY_PATH and the directories in /etc/ld.so.conf before its own default
 * directories. On Lambda both list directories of the host. The libraries there need the host's C library, not the layer's. So the name
 * of the variable and the path of the file are overwritten in the linker, as in musl's loader.
 */
import type { PathMention } from '../../root/mentions';
import type { Edits } from '../layout/plan';

const CONFIGURATION = '/etc/ld.so.conf';
const LIBRARY_PATH = '\0LD_LIBRARY_PATH\0';
/** Only linkers read it (ld's manual, `-rpath-link`). */
const RUN_PATH = '\0LD_RUN_PATH\0';
/** No variable has a name with `=`, and no file is at a path that begins with it. */
const WRITTEN = '=';

/**
 * @param read returns the bytes of the file
 * @returns the texts to overwrite; none if the file is not a linker
 */
export function confineLinker(mentions: readonly PathMention[], read: () => Buffer): NonNullable<Edits['texts']> {
  const configuration = mentions.find(({ kind, path }) => kind === 'whole' && path === CONFIGURATION);
  if (configuration === undefined) return [];
  const bytes = read();
  const libraryPath = bytes.indexOf(LIBRARY_PATH);
  if (libraryPath < 0 || !bytes.includes(RUN_PATH)) return [];
  return [[libraryPath + 1, WRITTEN], [configuration.offset, WRITTEN]];
}
