/**
 * What packages install for people and compilers, and no program opens: left aside unless it is named in `include`.
 *
 * Licence texts, `/usr/share/doc/PACKAGE/copyright` and `/usr/share/licenses/PACKAGE/`, stay.
 */
const ASIDE = new RegExp(
  [
    '^/usr/share/doc/(?![^/]+/copyright$)',
    '^/usr/share/(?:man|info|locale|lintian|bug|doc-base|aclocal|pkgconfig|bash-completion|zsh|fish|menu|metainfo|appdata|applications|mime-packages|gtk-doc|reportbug)/',
    '^/usr/(?:include|src)/',
    '^/usr/lib/(?:\\.build-id|debug|pkgconfig|cmake|systemd|tmpfiles\\.d|sysusers\\.d|mime)/',
    '^/usr/lib/[^/]+/(?:pkgconfig|cmake)/',
    '^/etc/(?:bash_completion\\.d|default|logrotate\\.d|init|init\\.d|apparmor\\.d|cron\\.[a-z]+)/',
    '^/usr/lib/(?:[^/]+/)?[^/]+\\.a$',
    // a compiler's own headers lie in a directory `include` below /usr/lib
    '^(?!.*/include/).*\\.h$',
  ].join('|'),
);

export function isAside(real: string): boolean {
  return ASIDE.test(real);
}

/** The directory of headers: a program that names it compiles. */
export const HEADERS = '/usr/include';

/** Headers, and what linkers read: objects, static libraries, and the links and scripts by which they find shared ones. */
export function isForCompiling(real: string): boolean {
  return real.startsWith(`${HEADERS}/`) || /^\/usr\/lib\/(?:[^/]+\/)?[^/]+\.(?:[ao]|so)$/.test(real);
}

/** What only a linker reads, and no program but a compiler of one's own package. */
export function isForLinking(real: string): boolean {
  return /\.[ao]$/.test(real);
}

/** Licence texts are for people: what they mention is not followed, and nothing in them is replaced. */
export function isDocumentation(real: string): boolean {
  return real.startsWith('/usr/share/doc/') || real.startsWith('/usr/share/licenses/');
}
