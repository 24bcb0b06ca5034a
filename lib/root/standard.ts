/**
 * Standard directories, in which many packages install files. A path mention of such a directory does not show which files in it are
 * used, or which package they are from.
 *
 * Filesystem Hierarchy Standard 3.0, with Debian's multiarch directories.
 */
const STANDARD = new RegExp(
  '^(?:' +
    [
      '/(?:usr|bin|sbin|lib(?:|32|64|x32)|etc|opt|srv|var)?',
      '/usr/(?:bin|games|include|lib(?:|32|64|x32)|libexec|sbin|share|src)',
      '/usr/lib/[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*',
      '/lib/[a-z0-9_]+-linux-(?:gnu|musl)[a-z0-9]*',
      '/usr/local(?:/(?:bin|etc|games|include|lib|libexec|man|sbin|share|src))?',
      '/usr/share/(?:applications|doc|doc-base|icons|info|licenses|lintian|locale|man|misc|pixmaps|dict|menu|metainfo|bug)',
      '/etc/(?:alternatives|default|init\\.d|opt|profile\\.d|xdg|X11|cron\\.[a-z]+|logrotate\\.d)',
      '/var/(?:backups|cache|games|lib|local|lock|log|mail|opt|run|spool|tmp)',
    ].join('|') +
    ')$',
);

/** True for a standard directory, given without a trailing `/`. */
export function isStandardDirectory(path: string): boolean {
  return STANDARD.test(path);
}

/** The directory in which packages install commands. */
export const COMMANDS = '/usr/bin';

/** True for a directory of commands, as on PATH. */
export function isCommandDirectory(path: string): boolean {
  return /^(?:\/usr(?:\/local)?)?\/(?:s?bin|games)$/.test(path);
}

/** The topmost non-standard part of a path: `/usr/share/rig` for `/usr/share/rig/names/first`. */
export function unitOf(path: string): string {
  let end = path.indexOf('/', 1);
  while (end >= 0 && isStandardDirectory(path.slice(0, end))) end = path.indexOf('/', end + 1);
  return end < 0 ? path : path.slice(0, end);
}
