/**
 * Directories that programs write to, and that Lambda lacks or mounts read-only: `/tmp` takes their place.
 *
 * - `/dev/shm`: POSIX shared memory and named semaphores. `shm_open` and `sem_open` put the name behind it (glibc
 *   sysdeps/posix/shm-directory.h, musl src/mman/shm_open.c), so Python's multiprocessing, for example, fails without it.
 * - `/var/tmp`: temporary files (Filesystem Hierarchy Standard 3.0, 5.15).
 * - `/var/cache`: files that programs make again if they are absent (5.5), such as fontconfig's lists of fonts. Programs find it by their
 *   configuration.
 *
 * In C libraries and programs of a layer they become `/tmp`, in as many characters; `/var/cache` does in configuration. The programs
 * share it with each other, and, for shared memory, not with programs of the host.
 */
import type { PathMention } from '../../root/mentions';

/**
 * Directory → the path in its place, of as many characters. `/var/tmp` keeps its last ones: linkers let a string `/tmp` be the end of a
 * string `/var/tmp`.
 */
const IN_LAYER: ReadonlyArray<readonly [directory: string, place: string]> = [['/dev/shm', '/tmp/./.'], ['/var/tmp', '/././tmp']];

/** The same for texts. */
const IN_TEXT: typeof IN_LAYER = [['/var/cache', '/tmp/././.']];

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
