import * as fs from 'fs';
import { makeFound, Packaged, programWith } from '../collect/packaged';
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

test('a program in the layer that creates temporary files in /var/tmp creates them in /tmp', async () => {
  const root = new Fixture().debian().libc();
  root.compile('/usr/bin/rig', `
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static char name[] = "/var/tmp/rigXXXXXX";
int main(void) { int file = mkstemp(name); printf("%.12s %d\\n", name, file < 0 || unlink(name)); return 0; }`);
  const layer = await make(root, 'rig');
  expect(lambda(layer.opt, ['/opt/bin/rig']).stdout).toBe('/././tmp/rig 0\n');
});

test('a string /tmp that the linker has merged with the end of /var/tmp stays', async () => {
  const root = new Fixture().debian().libc();
  root.compile(
    '/usr/bin/rig',
    `
#include <stdio.h>
const char *all[] = { "/var/tmp", "/tmp" };
int main(int count) { printf("%s %s %d\\n", all[count - 1], all[count], (int) (all[1] - all[0])); return 0; }`,
    ['-O2'],
  );
  const layer = await make(root, 'rig');
  expect(lambda(layer.opt, ['/opt/bin/rig']).stdout).toBe('/././tmp /tmp 4\n');
});

test('the directories are overwritten in each object that contains them, with the same number of characters', () => {
  const root = new Fixture().debian().libc();
  root.compile(
    '/usr/bin/rig',
    'const char *all[] = { "/dev/shm/", "/dev/shm", "/dev/shmem", "/var/tmp/x" }; int main(int count) { return !all[count]; }',
  );
  const entry = plan(root, 'rig').plan.entries.find(({ path }) => path === '/usr/bin/rig');
  const texts = entry?.kind === 'file' ? entry.edits?.texts : undefined;
  expect(texts?.map(([, text]) => text)).toEqual(['/tmp/./.', '/tmp/./.', '/././tmp']);
});

test('configuration leads to /tmp for files that programs make again, and those of the source are not packed', async () => {
  const root = new Packaged().install('rig', {
    '/usr/bin/rig': programWith('\0/etc/rig/rig.conf\0'),
    '/etc/rig/rig.conf': 'cache=/var/cache/rig\nold=/var/cached\n',
    '/usr/share/rig/note': '/var/cache/rig',
  });
  root.write({ '/var/cache/rig/index': 'index' });
  const { opt, plan: { key } } = await makeFound(root);
  const packed = (file: string) => `${opt}/elf/${key}${file}`;
  expect(fs.readFileSync(packed('/etc/rig/rig.conf'), 'utf8')).toBe('cache=/tmp/./././rig\nold=/var/cached\n');
  expect(fs.readFileSync(packed('/usr/share/rig/note'), 'utf8')).toBe('/var/cache/rig');
  expect(fs.existsSync(packed('/var/cache'))).toBe(false);
});

test.each([
  ['%_var\t\t/var\n%_tmppath\t%{_var}/tmp\n', '%_var\t\t/var\n%_tmppath\t/./././/tmp\n'],
  ['state="/var"\nfiles=${state}/tmp/x:$state/tmpl\n', 'state="/var"\nfiles=/././././tmp/x:$state/tmpl\n'],
  ['state=/various\nfiles=$(state)/tmp ${other}/tmp\n', 'state=/various\nfiles=$(state)/tmp ${other}/tmp\n'],
  ['state=/var\nfiles="$state/tmp"\n', 'state=/var\nfiles="/./././tmp"\n'],
  ['state=/var\nfiles="$root""$state/tmp"\n', 'state=/var\nfiles="$root""$state/tmp"\n'],
  ['state=/var\n[ "$1" ] && state=$1\nfiles=$state/tmp\n', 'state=/var\n[ "$1" ] && state=$1\nfiles=$state/tmp\n'],
  ['state=/var\nfiles=${root}${state}/tmp\n', 'state=/var\nfiles=${root}${state}/tmp\n'],
])('configuration that names /var/tmp by a variable leads to /tmp: %j', async (text, inLayer) => {
  const root = new Packaged().install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/macros': text, '/usr/lib/rig/macros.c': text });
  const { opt, plan: { key } } = await makeFound(root);
  const packed = (file: string) => fs.readFileSync(`${opt}/elf/${key}/usr/lib/rig/${file}`, 'utf8');
  expect([packed('macros'), packed('macros.c')]).toEqual([inLayer, text]);
});
