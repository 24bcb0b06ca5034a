import { Fixture } from '../fixture';
import { lambda, make, plan } from './make';

/** Creates a semaphore and shared memory, and prints the path of the latter. */
const PROGRAM = `
#include <fcntl.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
int main(void) {
  sem_t *semaphore = sem_open("/rig", O_CREAT, 0600, 1);
  int memory = shm_open("/rig", O_CREAT | O_RDWR, 0600);
  char place[100] = "", link[40];
  snprintf(link, sizeof link, "/proc/self/fd/%d", memory);
  if (readlink(link, place, sizeof place - 1) < 0) place[0] = 0;
  printf("%s %s\\n", semaphore == SEM_FAILED ? "no semaphore" : "semaphore", place);
  return 0;
}`;

test('shared memory and named semaphores of a program in the layer are in /tmp', async () => {
  const root = new Fixture().debian().libc();
  root.compile('/usr/bin/rig', PROGRAM);
  const layer = await make(root, 'rig');
  expect(lambda(layer.opt, ['/opt/bin/rig']).stdout).toBe('semaphore /tmp/rig\n');
});

test('the directory is overwritten in each object that contains it, with the same number of characters', () => {
  const root = new Fixture().debian().libc();
  root.compile(
    '/usr/bin/rig',
    'const char *one = "/dev/shm/", *two = "/dev/shm", *three = "/dev/shmem"; int main(void) { return !one + !two + !three; }',
  );
  const entry = plan(root, 'rig').plan.entries.find(({ path }) => path === '/usr/bin/rig');
  const texts = entry?.kind === 'file' ? entry.edits?.texts : undefined;
  expect(texts?.map(([, text]) => text)).toEqual(['/tmp/./.', '/tmp/./.']);
});
