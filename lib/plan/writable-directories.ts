/**
 * Directories that programs write to, and that Lambda lacks or mounts read-only: `/tmp` takes their place.
 *
 * - `/dev/shm`: POSIX shared memory and named semaphores. `shm_open` and `sem_open` put the name behind it (glibc
 *   sysdeps/posix/shm-directory.h, musl src/mman/shm_open.c), so Python's multiprocessing, for example, fails without it.
 * - `/var/tmp`: temporary files (Filesystem Hierarchy Standard 3.0, 5.15).
 *
 * In C libraries and programs of a layer they become `/tmp`, in as many characters. The programs share it with each other, and, for
 * shared memory, not with programs of the host.
 */
import type { PathMention } from '../root/mentions';

/** All have as many characters as the path in their place. */
const DIRECTORIES = ['/dev/shm', '/var/tmp'];
const IN_LAYER = '/tmp/./.';

/** @returns the replacements in an object that mentions the directories or paths in them */
export function writableDirectoriesIn(mentions: readonly PathMention[]): (readonly [offset: number, text: string])[] {
  const isInOne = ({ kind, path }: PathMention) => (
    kind === 'whole' && DIRECTORIES.some((directory) => `${path}/`.startsWith(`${directory}/`)));
  return mentions.filter(isInOne).map(({ offset }) => [offset, IN_LAYER] as const);
}
