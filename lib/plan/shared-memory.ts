/**
 * Where programs of a layer keep POSIX shared memory and named semaphores.
 *
 * `shm_open` and `sem_open` append the name to `/dev/shm/` (glibc sysdeps/posix/shm-directory.h, musl src/mman/shm_open.c). Lambda
 * has no writable /dev/shm, so Python's multiprocessing, for example, fails there. In C libraries and programs of a layer,
 * a path to `/tmp` with the same number of characters replaces the directory. So they share memory with each other, but not with
 * programs of the host.
 */
import type { PathMention } from '../root/mentions';

const DIRECTORY = '/dev/shm';
const IN_LAYER = '/tmp/./.';

/** @returns the replacements in an object that mentions the directory or paths in it */
export function sharedMemoryIn(mentions: readonly PathMention[]): (readonly [offset: number, text: string])[] {
  const isInDirectory = ({ kind, path }: PathMention) => kind === 'whole' && `${path}/`.startsWith(`${DIRECTORY}/`);
  return mentions.filter(isInDirectory).map(({ offset }) => [offset, IN_LAYER] as const);
}
