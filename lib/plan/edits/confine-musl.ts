/**
 * Keeps musl's loader from loading libraries of the host.
 *
 * The loader searches LD_LIBRARY_PATH before DT_RPATH, and on Lambda that variable lists directories of the host. In the layer's
 * copy of the loader two strings are overwritten: the name of the variable, and the path of the file with the default directories.
 * Then every search, including that of `dlopen`, uses only DT_RPATH and directories of the layer. Child processes still inherit
 * the variable.
 */
import { LayerError } from '../../error';
import { printableName } from '../../text/printable';
import { KEY } from '../layout/plan';

/** A loader of musl without the expected strings: it would load libraries of the host. */
export class UnknownLoaderError extends LayerError {}

/** The name of musl's loader below the mirrored root. glibc's is `ld.so`, and a layer may have both. */
export const MUSL_LOADER = 'musl';

/** The file with the default directories, below the mirrored root. */
export const MUSL_PATH_FILE = '/ld.path';

/**
 * The path of `MUSL_PATH_FILE` below musl's prefix, `/opt/elf`. The prefix is the loader's path, `/opt/elf/KEY/musl`, without the last two
 * components.
 */
export function muslPathFile(key: string): string {
  return `/${key}${MUSL_PATH_FILE}`;
}

/** musl then looks for `=D_LIBRARY_PATH`: no variable has such a name. The rest stays, because musl also uses the end, `PATH`. */
const LIBRARY_PATH = { found: 'LD_LIBRARY_PATH\0', written: '=' };
/** The format of the file's path: musl ldso/dynlink.c, load_library. */
const PATH_FILE = { found: /^%\.\*s\/etc\/ld-musl-[a-z0-9_]+\.path\0/, start: '%.*s/etc/ld-musl-', written: `%.*s${muslPathFile(KEY)}\0` };

/**
 * Returns the texts to overwrite in the loader.
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
  const missing = libraryPath < 0 ? 'does not mention LD_LIBRARY_PATH' : 'has no file of default directories, /etc/ld-musl-ARCH.path';
  throw new UnknownLoaderError([
    `${printableName(file)} is a loader of musl that ${missing}, expected musl 1.1 or 1.2 as it is released`,
    '  on Lambda it would load libraries of the host: take the program from another distribution, or link it statically',
  ].join('\n'));
}
