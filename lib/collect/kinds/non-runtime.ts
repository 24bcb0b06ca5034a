/**
 * Files that packages install for people and compilers, and that no program opens at run time. They are packed only if `include`
 * names them. Licence texts, `/usr/share/doc/PACKAGE/copyright` and `/usr/share/licenses/PACKAGE/`, are packed.
 */
const NON_RUNTIME = new RegExp(
  [
    '^/usr/share/doc/(?![^/]+/copyright$)',
    '^/usr/share/(?:man|info|locale|lintian|bug|doc-base|aclocal|pkgconfig|bash-completion|zsh|fish)/',
    '^/usr/share/(?:menu|metainfo|appdata|applications|mime-packages|gtk-doc|reportbug)/',
    '^/usr/(?:include|src)/',
    '^/usr/lib/(?:\\.build-id|debug|pkgconfig|cmake|systemd|tmpfiles\\.d|sysusers\\.d|mime)/',
    '^/usr/lib/[^/]+/(?:pkgconfig|cmake)/',
    '^/etc/(?:bash_completion\\.d|default|logrotate\\.d|init|init\\.d|apparmor\\.d|cron\\.[a-z]+)/',
    // hooks of package managers and bug reporters, such as /usr/share/python3/runtime.d and /usr/share/apport/package-hooks
    '^/usr/share/[^/]+/(?:runtime\\.d|package-hooks)/',
    '^/usr/lib/(?:[^/]+/)?[^/]+\\.a$',
    // headers, except a compiler's own: these are in `include` below /usr/lib, or in `src` with the source code of a standard library
    '^(?!.*/(?:include|src)/).*\\.h$',
  ].join('|'),
);

export function isNonRuntime(real: string): boolean {
  return NON_RUNTIME.test(real);
}

/** Directories below /usr/share that are named after a program, and in which other packages install files for it. */
const FOR_PROGRAMS = /^\/usr\/share\/(aclocal|bash-completion|fish|zsh)\//;

/** True for a path in one of these directories, or for the directory itself if it ends with `/`. The program reads the files there. */
export function isForProgram(real: string): boolean {
  return FOR_PROGRAMS.test(real);
}

/**
 * True if a path is in one of these directories, and `name` is the name of the directory's program or begins with that name and a hyphen.
 * `name` belongs to a program, such as `aclocal-1.16`, or to a package, such as `zsh-common`, which installs functions of zsh.
 */
export function isOfItsProgram(real: string, name: string): boolean {
  const [, program] = FOR_PROGRAMS.exec(real) ?? [];
  return program !== undefined && (name === program || name.startsWith(`${program}-`));
}

/** The directory of headers: programs that name it are compilers. */
export const HEADERS = '/usr/include';

/** Headers, and files that linkers read: objects, static libraries, and the links and scripts by which linkers find shared libraries. */
export function isForCompiling(real: string): boolean {
  return real.startsWith(`${HEADERS}/`) || /^\/usr\/lib\/(?:[^/]+\/)?[^/]+\.(?:[ao]|so)$/.test(real);
}

/** Headers in other directories than `HEADERS`, except for those in documentation. */
export function isOwnHeader(real: string): boolean {
  return real.endsWith('.h') && !real.startsWith(`${HEADERS}/`) && !isDocumentation(real);
}

/** Objects and static libraries: only linkers read them. */
export function isForLinking(real: string): boolean {
  return /\.[ao]$/.test(real);
}

/** Documentation, including licence texts. Its path mentions are neither followed nor replaced. */
export function isDocumentation(real: string): boolean {
  return real.startsWith('/usr/share/doc/') || real.startsWith('/usr/share/licenses/');
}
