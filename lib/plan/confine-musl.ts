/**
 * How musl's loader is kept to the layer.
 *
 * It takes LD_LIBRARY_PATH before anything that an object says, and on Lambda that lists directories of the host. In the
 * layer's copy of it two strings are written over, in place: the name of that variable, and the file that lists the
 * default directories. With that, every search goes by DT_RPATH and the layer's directories alone, that of `dlopen` as well;
 * children of a program still inherit the variable as it is.
 */
import { KEY } from './plan';
import { LayerError } from '../error';
import { printableName } from '../text/printable';

/** A loader that is not as expected: it cannot be kept to the layer. */
export class UnknownLoaderError extends LayerError {}

/** What programs name as their loader, below the mirrored root: `ld.so` is glibc's, and there may be programs of both. */
export const MUSL_LOADER = 'musl';

/** The file that lists the default directories, below the mirrored root. */
export const MUSL_PATH_FILE = '/ld.path';

/** The same below the prefix that the loader has in the layer, `/opt/elf`: `/opt/elf/KEY/musl`, by which it was started, less two components. */
export function muslPathFile(key: string): string {
  return `/${key}${MUSL_PATH_FILE}`;
}

/** No environment holds a variable of a name with `=`; `PATH`, the end of this string, is in use as a string of its own. */
const LIBRARY_PATH = { found: 'LD_LIBRARY_PATH\0', written: '=' };
/** musl ldso/dynlink.c, load_library: the format by which it puts the file's name together. */
const PATH_FILE = { found: /^%\.\*s\/etc\/ld-musl-[a-z0-9_]+\.path\0/, start: '%.*s/etc/ld-musl-', written: `%.*s${muslPathFile(KEY)}\0` };

/**
 * What is written over in the loader.
 *
 * @param file its path, for the message
 * @throws UnknownLoaderError
 */
export function confine(bytes: Buffer, file: string): (readonly [offset: number, text: string])[] {
  const libraryPath = bytes.indexOf(LIBRARY_PATH.found);
  const pathFile = bytes.indexOf(PATH_FILE.start);
  if (libraryPath >= 0 && pathFile >= 0 && PATH_FILE.found.test(bytes.toString('latin1', pathFile, pathFile + 64))) {
    return [[libraryPath, LIBRARY_PATH.written], [pathFile, PATH_FILE.written]];
  }
  throw new UnknownLoaderError([
    `${printableName(file)} is a loader of musl that ${libraryPath < 0 ? 'does not mention LD_LIBRARY_PATH' : 'has no file of default directories, /etc/ld-musl-ARCH.path'}, expected musl 1.1 or 1.2 as it is released`,
    '  on Lambda it would load libraries of the host: take the program from another distribution, or link it statically',
  ].join('\n'));
}
