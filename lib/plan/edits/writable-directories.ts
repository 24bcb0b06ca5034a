/**
 * Directories that programs write to, and that Lambda lacks or mounts read-only: `/tmp` takes their place.
 *
 * - `/dev/shm`: POSIX shared memory and named semaphores. `shm_open` and `sem_open` append the name to it (glibc
 *   sysdeps/posix/shm-directory.h, musl src/mman/shm_open.c), so Python's multiprocessing, for example, fails without it.
 * - `/var/tmp`: temporary files (Filesystem Hierarchy Standard 3.0, 5.15). Configuration may name it by a variable, as rpm's does:
 *   `%_var /var` and `%{_var}/tmp`.
 * - `/var/cache`: files that programs make again if they are absent (5.5), such as fontconfig's lists of fonts. Programs read the
 *   path of this directory from their configuration.
 *
 * They are replaced by paths of the same length that lead to `/tmp`. In the ELF files of a layer, the first two are replaced; in its
 * configuration files, `/var/cache`, and a variable with `/tmp` behind it. So programs of the layer find each other's files and shared
 * memory in `/tmp`, but no shared memory of programs of the host.
 */
import type { PathMention } from '../../root/mentions';

/**
 * Directory → the path of the same length that replaces it. The path for `/var/tmp` still ends with `/tmp`, because a linker may store
 * the string `/tmp` only once, as the end of `/var/tmp`.
 */
const IN_LAYER: ReadonlyArray<readonly [directory: string, place: string]> = [['/dev/shm', '/tmp/./.'], ['/var/tmp', '/././tmp']];

/** The same for text files. */
const IN_TEXT: typeof IN_LAYER = [['/var/cache', '/tmp/././.']];

/** Assignments of a value to a variable: at the beginning of a line, and elsewhere. */
const ASSIGNED = [/^[ \t]*%?(\w+)[: \t]/gm, /\b(\w+)=/g];
/** A line that gives a variable the value `/var`, with or without quotes. */
const VARIABLE = /^[ \t]*%?(\w+)[=: \t]+(["']?)\/var\/?\2[ \t]*\r?$/gm;

/**
 * `/tmp` behind a variable: `%{x}/tmp`, `${x}/tmp`, `$(x)/tmp`, `$x/tmp`. Not behind another directory: `${root}${x}/tmp`,
 * `"$root""$x/tmp"`.
 */
const BEHIND_VARIABLE = /(?<![\w)}./-]["']{0,2})(?:[$%]\{(\w+)\}|\$\((\w+)\)|\$(\w+))\/tmp(?![\w.-])/g;

/** @returns the replacements in a text that names `/var/tmp` by a variable to which it gives the value `/var`, and no other value */
export function temporaryDirectoriesIn(text: string): (readonly [offset: number, text: string])[] {
  const names = [...text.matchAll(VARIABLE)].map(([, name]) => name);
  if (names.length === 0) return [];
  const withVar = countsOf(names);
  const assigned = countsOf(ASSIGNED.flatMap((pattern) => [...text.matchAll(pattern)].map(([, name]) => name)));
  const variables = new Set(names.filter((name) => assigned.get(name) === withVar.get(name)));
  return [...text.matchAll(BEHIND_VARIABLE)].filter((match) => variables.has(match.slice(1).find((name) => name !== undefined)!))
    .map(({ 0: { length }, index }) => [index, '/tmp'.padStart(length, '/.')] as const);
}

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** @returns the replacements in a text that mentions the directory or paths in it */
export function writableDirectoriesInText(mentions: readonly PathMention[]): (readonly [offset: number, text: string])[] {
  return replacementsIn(mentions, IN_TEXT);
}

/** @returns the replacements in an object that mentions the directories or paths in them */
export function writableDirectoriesIn(mentions: readonly PathMention[]): (readonly [offset: number, text: string])[] {
  return replacementsIn(mentions, IN_LAYER);
}

function replacementsIn(mentions: readonly PathMention[], places: typeof IN_LAYER): (readonly [offset: number, text: string])[] {
  return mentions.flatMap(({ kind, path, offset }) => {
    const found = kind === 'whole' ? places.find(([directory]) => `${path}/`.startsWith(`${directory}/`)) : undefined;
    return found === undefined ? [] : [[offset, found[1]] as const];
  });
}
