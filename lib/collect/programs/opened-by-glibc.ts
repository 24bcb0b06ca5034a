/**
 * Files that glibc opens without a DT_NEEDED entry, determined from the symbols that the objects of a process import.
 */
import * as path from 'path';
import { type Accept, addFound } from './add-files';
import type { Process } from '../../closure/closure';
import type { Elf } from '../../elf';
import type { Loaded } from '../../loader/search';
import type { Root } from '../../root/root';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

/** Symbols whose import shows that glibc opens files at run time, by kind of file. */
const CALLS = {
  // to unwind a thread's stack: glibc nptl/pthread_cancel.c, sysdeps/nptl/pthread_exit.c
  unwind: ['pthread_create', 'pthread_cancel', 'pthread_exit', 'thrd_create', 'thrd_exit'],
  // conversion modules for character sets: glibc iconv/gconv_db.c; through GLib: glib/gconvert.c
  convert: ['iconv_open', 'g_iconv_open', 'g_convert', 'g_convert_with_fallback', 'g_convert_with_iconv'],
  // glibc locale/findlocale.c
  locale: ['setlocale', 'newlocale', '__newlocale'],
  // glibc nss/nsswitch.c
  names: [
    'getaddrinfo', 'getnameinfo', 'gethostbyname', 'gethostbyname2', 'gethostbyname_r', 'gethostbyname2_r',
    'gethostbyaddr', 'gethostbyaddr_r', 'getpwnam', 'getpwnam_r', 'getpwuid', 'getpwuid_r', 'getpwent',
    'getgrnam', 'getgrnam_r', 'getgrgid', 'getgrgid_r', 'getgrent', 'getgrouplist', 'initgroups',
  ],
  // programs that set the time zone themselves: glibc time/tzset.c; tzalloc is from gnulib
  zone: ['tzset', 'tzalloc'],
  // programs that only print local time
  localTime: ['localtime', 'localtime_r', 'mktime'],
  // glibc inet/getservby*, inet/getprtby*
  services: [
    'getservbyname', 'getservbyname_r', 'getservbyport', 'getservbyport_r', 'getservent', 'getaddrinfo', 'getnameinfo',
    'getprotobyname', 'getprotobyname_r', 'getprotobynumber', 'getprotobynumber_r', 'getprotoent',
  ],
};

type Call = keyof typeof CALLS;

/**
 * Conversion modules that are not added, because they take half of the bytes of all conversion modules: those for IBM's code pages, except
 * for the code pages of DOS, such as IBM437. Users with EBCDIC data can list them in `include`.
 */
const MAINFRAME = /\/(?:EBCDIC-.*|IBM(?!437|85|86|874).*)\.so$/;

/** Modules for Unicode and for the single-byte character sets still in use: together, a tenth of the size of all other modules. */
export const COMMON = /\/(?:UTF-(?:7|16|32)|UNICODE|ISO8859-\d+|CP125\d|KOI8-[A-Z]+)\.so$|\/gconv-modules[^/]*(?:\/[^/]*\.conf)?$/;

/**
 * Replaces Lambda's nsswitch.conf, which may name services whose libraries are not in the layer. `files` and `dns` are built into glibc
 * since 2.34.
 */
const NSSWITCH = ['passwd', 'group', 'shadow', 'services', 'protocols', 'networks', 'ethers', 'rpc']
  .map((database) => `${database}: files\n`).join('') + 'hosts: files dns\n';

/** `program` for a program or plug-in of a requested package, `library` for a library of a requested package. */
export type Role = 'program' | 'library';

/**
 * Time zones. Without them, glibc uses the time zone files of the function, or UTC if it has none. On Debian 12, they are 600 files
 * with 0.6 MB, which would double the number of files in a small layer. Programs that only print a time, such as curl and ffmpeg,
 * rarely need them. Therefore they are packed only for programs that set the zone themselves, such as date and interpreters. Other
 * programs get a notice.
 */
export const ZONES = '/usr/share/zoneinfo';
/** Key in `skipped` if time zones are not packed. The key `ZONES` is used if the directory itself is skipped for another reason. */
export const NO_ZONES = `${ZONES}/`;
/** Copies of the time zones, without and with leap seconds. */
const COPIES = /^\/usr\/share\/zoneinfo\/(?:posix|right)(?:\/|$)/;

/** The reason for data that the C library opens. */
export const FROM_C_LIBRARY = 'opened by the C library';

/** Loads the libraries that glibc opens in a process. Libraries that are not found in the source are ignored. */
export function openedByLibc(process: Process): void {
  for (const name of namesOpenedByLibc(process)) process.openName(name, libcOf(process)!);
}

/** The names of the libraries that glibc opens in a process. */
export function namesOpenedByLibc(process: Process): string[] {
  if (!libcOf(process)) return [];
  return [
    ...(calls(process, 'unwind') ? ['libgcc_s.so.1'] : []),
    ...(calls(process, 'names') ? ['libnss_files.so.2', 'libnss_dns.so.2'] : []),
  ];
}

/**
 * Adds the data that glibc opens in a process.
 *
 * @param roleOf role of an object; `undefined` if its imports count neither for the modules of `iconv` nor for time zones. This is so for
 *   libraries of packages that are not requested: the modules take 8 MB, and most libraries that could convert text, such as the C++
 *   runtime library, never do
 * @returns resolved paths of the files that are new
 */
export function dataOfLibc(process: Process, delta: Selection, context: Context, roleOf: (object: Loaded) => Role | undefined): string[] {
  const libc = libcOf(process);
  if (!libc) return [];
  const { root } = context;
  const why = { reason: FROM_C_LIBRARY, through: libc.real };
  const added: string[] = [];
  // a layer may have a hundred processes that share one C library, whose data needs to be found only once
  const addOnce = (directory: string, kind: string, accept?: Accept) => {
    const key = `${libc.real} ${directory} ${kind}`;
    if (delta.followed.has(key)) return;
    delta.followed.add(key);
    added.push(...addFound(directory, why, delta, context, accept));
  };
  const gconv = path.posix.join(path.posix.dirname(libc.path), 'gconv');
  const rule = 'for converting between character sets';
  const convert = (kind: string, isIncluded: (real: string) => boolean) => {
    addOnce(gconv, kind, (real) => (isIncluded(real) ? { rule } : undefined));
  };
  const convertsIn = (role: Role) => calls(process, 'convert', (object) => roleOf(object) === role);
  if (convertsIn('program')) convert('all', (real) => !MAINFRAME.test(real));
  else if (convertsIn('library')) convert('common', (real) => root.isDirectory(real) || COMMON.test(real));
  if (calls(process, 'locale')) {
    const locale = ['C.utf8', 'C.UTF-8'].map((name) => `/usr/lib/locale/${name}`).find((directory) => root.isDirectory(directory));
    if (locale !== undefined) {
      addOnce(locale, 'all');
      // Lambda sets LANG to en_US.UTF-8, but does not have that locale
      delta.generated.set('/usr/lib/locale/en_US.utf8', { link: path.posix.basename(locale) });
    }
  }
  const callsFor = (call: Call) => calls(process, call, (object) => roleOf(object) === 'program');
  if (callsFor('zone')) {
    addOnce(ZONES, 'all', (real) => (COPIES.test(real) ? undefined : { rule: 'for the local time of TZ' }));
  } else if (callsFor('localTime') && context.requestedPrograms.has(process.program.real) && root.isDirectory(ZONES)) {
    delta.skip(
      NO_ZONES,
      `${process.program.real} uses local time, and time zones are not packed: add '${ZONES}' to include if TZ will be other than UTC`,
    );
  }
  if (calls(process, 'names')) delta.generated.set('/etc/nsswitch.conf', { text: NSSWITCH });
  const services = calls(process, 'services') ? ['/etc/services', '/etc/protocols'] : [];
  return [...added, ...services.flatMap((file) => addFound(file, why, delta, context))];
}

/** The files that the loader prefers to a library on newer processors: `glibc-hwcaps/x86-64-v3/libx.so.1` beside `libx.so.1`. */
export function variantsBeside(root: Root, library: string): string[] {
  const hwcaps = root.real(path.posix.join(path.posix.dirname(library), 'glibc-hwcaps'));
  if (hwcaps === undefined) return [];
  const variants = root.names(hwcaps).map((name) => path.posix.join(hwcaps, name, path.posix.basename(library)));
  return variants.filter((variant) => root.isFile(variant));
}

export function libcOf(process: Process): Loaded | undefined {
  return process.objects.find((object) => object.elf.dynamic?.soname === 'libc.so.6');
}

/**
 * Whether an object of a process calls functions of glibc that convert between character sets. The C++ runtime library does not count: it
 * calls them for locales with other character sets, and such locales are not packed.
 */
export function converts(process: Process): boolean {
  return calls(process, 'convert', ({ elf }) => elf.dynamic?.soname !== 'libstdc++.so.6');
}

/** Whether an object other than glibc itself imports one of the symbols of a call. */
function calls(process: Process, call: Call, by: (object: Loaded) => boolean = () => true): boolean {
  const libc = libcOf(process);
  return process.objects.some((object) => object !== libc && callsOf(object.elf).has(call) && by(object));
}

/** Cached because many processes share the same objects. */
const callsOfObjects = new WeakMap<Elf, ReadonlySet<Call>>();

function callsOf(elf: Elf): ReadonlySet<Call> {
  let imported = callsOfObjects.get(elf);
  if (!imported) {
    const imports = elf.dynamic?.imports;
    imported = new Set((Object.keys(CALLS) as Call[]).filter((call) => CALLS[call].some((symbol) => imports?.has(symbol))));
    callsOfObjects.set(elf, imported);
  }
  return imported;
}
