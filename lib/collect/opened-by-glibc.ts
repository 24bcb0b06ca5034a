/**
 * What glibc opens by itself, without any DT_NEEDED, as far as the symbols that a process imports call for it.
 */
import * as path from 'path';
import { Selection } from './selection';
import { Process } from '../closure/closure';
import { Loaded } from '../loader/search';
import { Root } from '../root/root';

/** Symbols that others import from libc → what libc opens for them. */
const CALLS = {
  // to unwind a thread's stack: glibc nptl/pthread_cancel.c, sysdeps/nptl/pthread_exit.c
  unwind: ['pthread_create', 'pthread_cancel', 'pthread_exit', 'thrd_create', 'thrd_exit'],
  // modules for all but a few character sets: glibc iconv/gconv_db.c; by way of GLib, glib/gconvert.c
  convert: ['iconv_open', 'g_iconv_open', 'g_convert', 'g_convert_with_fallback'],
  // glibc locale/findlocale.c
  locale: ['setlocale', 'newlocale', '__newlocale'],
  // glibc nss/nsswitch.c
  names: [
    'getaddrinfo', 'getnameinfo', 'gethostbyname', 'gethostbyname2', 'gethostbyname_r', 'gethostbyname2_r', 'gethostbyaddr', 'gethostbyaddr_r',
    'getpwnam', 'getpwnam_r', 'getpwuid', 'getpwuid_r', 'getpwent', 'getgrnam', 'getgrnam_r', 'getgrgid', 'getgrgid_r', 'getgrent', 'getgrouplist', 'initgroups',
  ],
  // glibc inet/getservby*, inet/getprtby*
  services: [
    'getservbyname', 'getservbyname_r', 'getservbyport', 'getservbyport_r', 'getservent', 'getaddrinfo', 'getnameinfo',
    'getprotobyname', 'getprotobyname_r', 'getprotobynumber', 'getprotobynumber_r', 'getprotoent',
  ],
};

/** Half the size of all modules: IBM's code pages, but for those of DOS. Who has EBCDIC names them in `include`. */
const MAINFRAME = /\/(?:EBCDIC-.*|IBM(?!437|85|86|874).*)\.so$/;

/** Unicode and the character sets of a byte that are in use: a tenth of the size of all others. */
const COMMON = /\/(?:UTF-(?:7|16|32)|UNICODE|ISO8859-\d+|CP125\d|KOI8-[A-Z]+)\.so$|\/gconv-modules[^/]*(?:\/[^/]*\.conf)?$/;

/** The host's own names services would be libraries of the host: glibc has these two built in since 2.34. */
const NSSWITCH = ['passwd', 'group', 'shadow', 'services', 'protocols', 'networks', 'ethers', 'rpc'].map((database) => `${database}: files\n`).join('') + 'hosts: files dns\n';

/** Of an object in a process: a program or a plug-in that was asked for, or a library of their packages. */
export type Role = 'asked' | 'own';

/** Adds the libraries that libc opens in a process. Where the source has none of a name, it does without there too. */
export function openedByLibc(process: Process): void {
  const libc = libcOf(process);
  if (!libc) return;
  if (calls(process, CALLS.unwind)) process.openName('libgcc_s.so.1', libc);
  if (calls(process, CALLS.names)) for (const name of ['libnss_files.so.2', 'libnss_dns.so.2']) process.openName(name, libc);
}

/**
 * Adds the data that libc opens in a process.
 *
 * @param roleOf whether an object is what was asked for, or a plug-in of that, or of a package that was asked for. The modules
 * of `iconv` are 8 MB, and most libraries that could convert are never asked to, the run-time library of C++ among them
 * @returns the resolved paths of the files that are new
 */
export function dataOfLibc(process: Process, root: Root, selection: Selection, roleOf: (object: Loaded) => Role | undefined): string[] {
  const libc = libcOf(process);
  if (!libc) return [];
  const why = { reason: 'opened by the C library', through: libc.real };
  const added: string[] = [];
  const convert = (accept: (real: string) => boolean) => added.push(...selection.add(path.posix.join(path.posix.dirname(libc.path), 'gconv'), why, accept));
  if (calls(process, CALLS.convert, (object) => roleOf(object) === 'asked')) convert((real) => !MAINFRAME.test(real));
  else if (calls(process, CALLS.convert, (object) => roleOf(object) === 'own')) convert((real) => root.isDirectory(real) || COMMON.test(real));
  if (calls(process, CALLS.locale)) {
    const locale = ['C.utf8', 'C.UTF-8'].map((name) => `/usr/lib/locale/${name}`).find((directory) => root.isDirectory(directory));
    if (locale !== undefined) {
      added.push(...selection.add(locale, why));
      // Lambda's LANG names it, and no host of Lambda's has it
      selection.generate('/usr/lib/locale/en_US.utf8', { link: path.posix.basename(locale) });
    }
  }
  if (calls(process, CALLS.names)) selection.generate('/etc/nsswitch.conf', { text: NSSWITCH });
  if (calls(process, CALLS.services)) for (const file of ['/etc/services', '/etc/protocols']) added.push(...selection.add(file, why));
  return added;
}

/** The files that the loader of a better machine would take in a library's place: `glibc-hwcaps/x86-64-v3/libx.so.1` beside `libx.so.1`. */
export function variantsBeside(root: Root, library: string): string[] {
  const hwcaps = root.real(path.posix.join(path.posix.dirname(library), 'glibc-hwcaps'));
  if (hwcaps === undefined) return [];
  return root.names(hwcaps).map((name) => path.posix.join(hwcaps, name, path.posix.basename(library))).filter((variant) => root.isFile(variant));
}

function libcOf(process: Process) {
  return process.objects.find((object) => object.elf.dynamic?.soname === 'libc.so.6');
}

/** Whether anything but libc itself imports one of the symbols. */
function calls(process: Process, symbols: readonly string[], by: (object: Loaded) => boolean = () => true): boolean {
  const libc = libcOf(process);
  return process.objects.some((object) => object !== libc && by(object) && symbols.some((symbol) => object.elf.dynamic?.imports.has(symbol)));
}
