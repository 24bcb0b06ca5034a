import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { lambda, type Made, make, SHOW } from './make';
import { Fixture, HOSTILE } from '../fixture';

/**
 * The whole of it on a program that has everything: a library, a plug-in by its baked-in path, data by another. It
 * runs where the host has libraries of the same names, which end any process that loads them.
 */
const PROGRAM = `
  #include <dlfcn.h>
  #include <stdio.h>
  const char *greeting(void);
  ${SHOW}
  int main(int argc, char **argv) {
    printf("%s %s\\n", argv[0], greeting());
    show("/usr/share/prog/message.txt");
    void *plugin = dlopen("/usr/lib/prog/plugin.so", RTLD_NOW);
    if (!plugin) { puts(dlerror()); return 1; }
    const char *(*named)(void) = (const char *(*)(void)) dlsym(plugin, "plugin");
    puts(named());
    show("/proc/self/maps");
    return 0;
  }`;

const source = new Fixture().debian().libc();
const host = new Fixture();
let layer: Made;

beforeAll(async () => {
  source.compile('/usr/lib/x86_64-linux-gnu/libgreet.so.1', 'const char *greeting(void) { return "greets"; }', [
    '-shared',
    '-fPIC',
    '-Wl,-soname,libgreet.so.1',
  ]);
  source.compile('/usr/lib/prog/libhelp.so', 'const char *help(void) { return "with help"; }', [
    '-shared',
    '-fPIC',
    '-Wl,-soname,libhelp.so',
  ]);
  source.compile('/usr/lib/prog/plugin.so', 'const char *help(void); const char *plugin(void) { return help(); }',
    ['-shared', '-fPIC', source.locate('/usr/lib/prog/libhelp.so'), '-Wl,--enable-new-dtags,-rpath,$ORIGIN']);
  source.compile('/usr/bin/prog', PROGRAM, [source.locate('/usr/lib/x86_64-linux-gnu/libgreet.so.1'), '-ldl']);
  source.write({ '/usr/share/prog/message.txt': 'the message of the layer\n' });

  for (const name of ['libc.so.6', 'libgreet.so.1', 'libhelp.so', 'plugin.so', 'ld-linux-x86-64.so.2', 'libdl.so.2']) {
    for (const place of ['/lib64', '/var/task/lib', '/usr/lib/prog', '/lib/x86_64-linux-gnu']) {
      host.library(`${place}/${name}`, { source: HOSTILE, flags: ['-Wl,-z,now'] });
    }
  }
  host.write({ '/usr/share/prog/message.txt': 'the message of the host\n' });
  layer = await make(source, 'prog', { include: ['/usr/share/prog', '/usr/lib/prog'] });
});

/** The mapped files: those with executable code, and the others. */
function mapped(maps: string): string[] {
  return [...new Set(maps.split('\n').map((line) => line.split(/\s+/)[5]).filter((name) => name?.startsWith('/')))];
}

function runs(): void {
  const { status, stdout, stderr } = lambda(layer.opt, ['prog'], host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const [first, second, third, ...maps] = stdout.split('\n');
  expect([first, second, third]).toEqual(['prog greets', 'the message of the layer', 'with help']);
  const files = mapped(maps.join('\n'));
  expect(files.filter((file) => !file.startsWith('/opt/elf/'))).toEqual([]);
  expect(files.map((file) => path.basename(file)).sort()).toEqual([
    'ld-linux-x86-64.so.2',
    'libc.so.6',
    'libgreet.so.1',
    'libhelp.so',
    'plugin.so',
    'prog',
  ]);
}

test('a hostile library ends a process that loads it', () => {
  source.library('/hostile/libgreet.so.1', { source: HOSTILE });
  expect(source.run(['/usr/bin/prog']).status).toBe(0);
  expect(source.run(['/usr/bin/prog'], { env: { LD_LIBRARY_PATH: '/hostile' } }).status).toBe(66);
});

test('the program runs from /opt, and no ELF file of the host is mapped', () => {
  runs();
});

test('the program runs likewise if all of its files are stripped after the edit', () => {
  const edited = layer.plan.entries.flatMap((entry) =>
    entry.kind === 'file' && entry.edits ? [path.join(layer.mirrored, entry.path)] : [],
  );
  const sizes = () => edited.map((file) => fs.statSync(file).size);
  const before = sizes();
  execFileSync('strip', edited);
  expect(sizes()).not.toEqual(before);
  runs();
});
