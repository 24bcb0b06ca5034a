/**
 * Statically linked glibc programs that still load libraries at run time: name services (NSS) and the character set modules of
 * `iconv`. The programs look for these libraries in the function's file system, which lacks them or has another version.
 */
import type { Program } from '../../closure/find';
import type { Root } from '../../root/root';

/**
 * Strings in glibc's nss/nss_module.c and nss/nss_database.c. A program counts only if it has both: a Go program has only the second one,
 * because it reads nsswitch.conf itself.
 */
const NSS = ['libnss_', '/etc/nsswitch.conf'];
/**
 * Every static glibc program contains the first string (iconv/gconv_conf.c), because wide streams use it. A program that calls `iconv` has
 * the second one in its symbol table or in its messages. A stripped program without such messages is not recognized.
 */
const ICONV = ['gconv-modules', 'iconv_open'];

/** `l_magic` (UPX's stub/src/include/header.S) in the header of the loader that UPX puts into every file that it compresses. */
const UPX = 'UPX!';
/** Number of bytes at the start of a file in which that header is searched for: it follows the program headers. */
const UPX_WITHIN = 4096;

/**
 * The notice for a program without PT_INTERP whose libraries are not in the layer: its C library loads them at run time, or UPX hides them.
 *
 * @returns `undefined` for a program that is linked dynamically or loads nothing
 */
export function staticProgramNotice({ elf, real }: Program, root: Root): string | undefined {
  if (elf === undefined || elf.interpreter !== undefined) return undefined;
  const bytes = root.read(real);
  if (bytes.subarray(0, UPX_WITHIN).includes(UPX)) {
    return `${real} is compressed with UPX: libraries that it needs cannot be found. Unless it is static, decompress it with upx -d`;
  }
  const has = (strings: readonly string[]) => strings.every((text) => bytes.includes(text));
  const uses = [
    ...(has(NSS) ? ['names of users, groups and hosts from name services (NSS)'] : []),
    ...(has(ICONV) ? ['character sets from the modules of iconv'] : []),
  ];
  if (uses.length === 0) return undefined;
  return [
    `${real} is statically linked, but its C library loads ${uses.join(' and ')} at run time.`,
    'The layer does not contain these libraries: lookups that are not built in fail or use those of the function. ' +
      'Take a dynamically linked build if the program needs them.',
  ].join(' ');
}
