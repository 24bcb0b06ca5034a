/**
 * Programs that name their libraries by path: the loader maps the same libraries in the same order, without a search.
 */
import { execFileSync } from 'child_process';
import * as path from 'path';
import { lambda, make, plan } from './make';
import { type FileEntry, KEY } from '../../lib/plan/layout/plan';
import { Fixture, HOSTILE } from '../fixture';

const DIRECTORY = '/usr/lib/x86_64-linux-gnu';

let root: Fixture;
beforeEach(() => {
  root = new Fixture().debian();
});

function neededOf(fixture: Fixture, binary = 'prog', place = '/usr/bin/prog') {
  const { entries } = plan(fixture, binary).plan;
  return entries.find((entry): entry is FileEntry => entry.kind === 'file' && entry.path === place)!.edits!.needed;
}

const inLayer = (file: string) => `/opt/elf/${KEY}${file}`;

test('a program needs all libraries by path that its loader maps, in the order in which it maps them', () => {
  root.library(`${DIRECTORY}/liba.so`, { needs: ['libc.so'] });
  root.library(`${DIRECTORY}/libb.so`, { needs: ['libd.so', 'libc.so'] });
  for (const name of ['libc.so', 'libd.so']) root.library(`/usr/lib/${name}`);
  root.program('/usr/bin/prog', { needs: ['liba.so', 'libb.so'] });
  expect(neededOf(root)).toEqual([
    [inLayer(`${DIRECTORY}/liba.so`), 'liba.so'],
    [inLayer(`${DIRECTORY}/libb.so`), 'libb.so'],
    [inLayer('/usr/lib/libc.so')],
    [inLayer('/usr/lib/libd.so')],
  ]);
});

test('a library is needed by the link that has its soname', () => {
  root.library(`${DIRECTORY}/libx.so.1.2`, { soname: 'libx.so.1' });
  root.write({ [`${DIRECTORY}/libx.so.1`]: { link: 'libx.so.1.2' } });
  root.program('/usr/bin/prog', { needs: ['libx.so.1'] });
  expect(neededOf(root)).toEqual([[inLayer(`${DIRECTORY}/libx.so.1`), 'libx.so.1']]);
});

describe('a program keeps the names of its libraries', () => {
  test('if it needs more libraries than its dynamic section has room for', () => {
    const names = Array.from({ length: 40 }, (_, index) => `lib${index}.so`);
    for (const name of names) root.library(`${DIRECTORY}/${name}`);
    root.library(`${DIRECTORY}/liball.so`, { needs: names });
    root.program('/usr/bin/prog', { needs: ['liball.so'] });
    expect(neededOf(root)).toBeUndefined();
  });

  test('if a library has a variant for newer processors, which the loader may prefer', () => {
    root.library(`${DIRECTORY}/libx.so`);
    root.library(`${DIRECTORY}/glibc-hwcaps/x86-64-v3/libx.so`);
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(neededOf(root)).toBeUndefined();
  });

  test('if a library is a filter', () => {
    root.library(`${DIRECTORY}/libreal.so`);
    root.library(`${DIRECTORY}/libx.so`, { flags: ['-Wl,--auxiliary,libreal.so'] });
    root.program('/usr/bin/prog', { needs: ['libx.so'] });
    expect(neededOf(root)).toBeUndefined();
  });

  test('if one of them is a path', () => {
    root.library('/usr/lib/rig/libx.so', { soname: '/usr/lib/rig/libx.so' });
    root.program('/usr/bin/prog', { needs: ['/usr/lib/rig/libx.so'] });
    expect(neededOf(root)).toBeUndefined();
  });

  test('of musl', () => {
    const alpine = new Fixture().alpine();
    alpine.compile('/usr/bin/prog', 'int main(void) { return 0; }', [], 'musl-gcc');
    expect(neededOf(alpine)).toBeUndefined();
  });
});

/** A library that prints its name when it is initialized, and has a function `first` of the same name as all others. */
const library = (name: string, calls = '') => `
  #include <stdio.h>
  ${calls && `const char *${calls}(void);`}
  const char *first(void) { return "${name}"; }
  const char *${name}(void) { return ${calls ? `${calls}()` : `"${name}"`}; }
  __attribute__((constructor)) static void begin(void) { puts("begin ${name}"); }
  __attribute__((destructor)) static void end(void) { puts("end ${name}"); }`;

describe('in the layer', () => {
  const PROGRAM = `
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <link.h>
    #include <stdio.h>
    #include <string.h>
    const char *first(void), *a(void), *b(void);
    static int show(struct dl_phdr_info *info, size_t size, void *data) {
      const char *name = strrchr(info->dlpi_name, '/');
      return name && printf("%s\\n", name) < 0;
    }
    int main(void) {
      printf("%s %s %s\\n", first(), a(), b());
      const char *(*next)(void) = (const char *(*)(void)) dlsym(RTLD_DEFAULT, "c");
      puts(next());
      void *again = dlopen("libd.so.1", RTLD_NOW);
      puts(again && dlsym(again, "d") == dlsym(RTLD_DEFAULT, "d") ? "same" : dlerror());
      return dl_iterate_phdr(show, 0);
    }`;
  const source = new Fixture().debian().libc();
  const host = new Fixture();

  beforeAll(() => {
    const linked = (name: string, code: string, ...needs: string[]) => source.compile(`${DIRECTORY}/lib${name}.so.1`, code, [
      '-shared', '-fPIC', `-Wl,-soname,lib${name}.so.1`, '-Wl,--no-as-needed',
      ...needs.map((need) => source.locate(`${DIRECTORY}/lib${need}.so.1`)),
    ]);
    linked('d', library('d'));
    linked('c', library('c', 'd'), 'd');
    linked('b', library('b', 'd'), 'd', 'c');
    linked('a', library('a', 'c'), 'c');
    source.compile('/usr/bin/prog', PROGRAM, [
      ...['a', 'b'].map((name) => source.locate(`${DIRECTORY}/lib${name}.so.1`)), `-Wl,-rpath-link,${source.locate(DIRECTORY)}`,
    ]);
    for (const name of ['libc.so.6', ...['a', 'b', 'c', 'd'].map((letter) => `lib${letter}.so.1`)]) {
      for (const place of ['/lib64', '/var/task/lib']) host.library(`${place}/${name}`, { source: HOSTILE, flags: ['-Wl,-z,now'] });
    }
  });

  test('libraries are initialized, searched for symbols and finalized in the same order as in the source', async () => {
    const layer = await make(source, 'prog');
    const program = path.join(layer.mirrored, 'usr/bin/prog');
    expect(execFileSync('readelf', ['-dW', program], { encoding: 'utf8' })).toContain(`[/opt/elf/${layer.plan.key}${DIRECTORY}/libd.so.1]`);
    const installed = source.run(['/usr/bin/prog']);
    const packed = lambda(layer.opt, ['prog'], host);
    expect(installed.stdout).toContain('begin d\n');
    expect(installed.stdout).toContain('same\n');
    expect({ ...packed, stdout: packed.stdout.replace('/ld.so', '/ld-linux-x86-64.so.2') }).toMatchObject({
      status: 0, stderr: '', stdout: installed.stdout,
    });
  });
});
