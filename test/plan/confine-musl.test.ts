import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { lambda, type Made, make, plan, SHOW } from './make';
import { MissingLibraryError } from '../../lib/closure/closure';
import { confine, UnknownLoaderError } from '../../lib/plan/edits/confine-musl';
import { KEY } from '../../lib/plan/layout/plan';
import { Fixture, HOSTILE, MUSL_LOADER } from '../fixture';

/** Opens libraries by name, from the program and from a library, and by path. Prints data, and the mapped files. */
const PROGRAM = `
  #include <dlfcn.h>
  #include <stdio.h>
  #include <stdlib.h>
  const char *greeting(void);
  void *opened(const char *);
  ${SHOW}
  static void say(void *library) {
    if (!library) { puts(dlerror()); exit(1); }
    puts(((const char *(*)(void)) dlsym(library, "plugin"))());
  }
  int main(int argc, char **argv) {
    printf("%s %s\\n", argv[0], greeting());
    show("/usr/share/prog/message.txt");
    say(dlopen("libbyname.so.1", RTLD_NOW));
    say(opened("libfromlibrary.so.1"));
    say(dlopen("/usr/lib/prog/plugin.so", RTLD_NOW));
    puts(getenv("LD_LIBRARY_PATH"));
    fflush(stdout);
    if (argc < 2) return system("prog again"); // by PATH, which musl reads from the end of a string that is overwritten
    show("/proc/self/maps");
    return 0;
  }`;

const host = new Fixture();

beforeAll(() => {
  for (const name of [
    'libc.so',
    'libc.musl-x86_64.so.1',
    'libgreet.so.1',
    'libhelp.so.1',
    'libbyname.so.1',
    'libfromlibrary.so.1',
    'plugin.so',
    'ld-musl-x86_64.so.1',
  ]) {
    for (const place of ['/lib64', '/lib', '/usr/lib', '/var/task/lib', '/usr/lib/prog']) {
      host.library(`${place}/${name}`, { source: HOSTILE, flags: ['-Wl,-z,now'] });
    }
  }
  host.write({
    '/usr/share/prog/message.txt': 'the message of the host\n',
    '/etc/ld-musl-x86_64.path': '/lib64',
    '/opt/elf/etc/ld-musl-x86_64.path': '/lib64',
  });
  host.copy(fs.realpathSync('/usr/bin/bash-static'), '/bin/sh');
});

/** The program, and its libraries in a library directory of a root. */
function install(root: Fixture, options: readonly string[] = []): void {
  const library = (inside: string, source: string, needs: readonly string[] = []) =>
    root.compile(
      inside,
      source,
      ['-shared', '-fPIC', `-Wl,-soname,${path.basename(inside)}`, ...options, ...needs.map((one) => root.locate(one))],
      'musl-gcc',
    );
  library(
    '/usr/lib/libgreet.so.1',
    '#include <dlfcn.h>\nconst char *greeting(void) { return "greets"; } void *opened(const char *name) { return dlopen(name, RTLD_NOW); }',
  );
  library('/usr/lib/libhelp.so.1', 'const char *help(void) { return "with help"; }');
  library('/usr/lib/libbyname.so.1', 'const char *help(void); const char *plugin(void) { return help(); }', ['/usr/lib/libhelp.so.1']);
  library('/usr/lib/libfromlibrary.so.1', 'const char *plugin(void) { return "from a library"; }');
  library('/usr/lib/prog/plugin.so', 'const char *plugin(void) { return "by a path"; }');
  root.compile('/usr/bin/prog', PROGRAM, [...options, root.locate('/usr/lib/libgreet.so.1')], 'musl-gcc');
  root.write({ '/usr/share/prog/message.txt': 'the message of the layer\n' });
}

const include = ['/usr/share/prog', '/usr/lib/prog', '/usr/lib/libbyname.so.1', '/usr/lib/libfromlibrary.so.1'];

/** Files that are mapped. */
function mapped(maps: readonly string[]): string[] {
  return [...new Set(maps.map((line) => line.split(/\s+/)[5]).filter((name) => name?.startsWith('/')))];
}

function runs({ opt }: Made, loader: string): void {
  const { status, stdout, stderr } = lambda(opt, ['prog'], host);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const lines = stdout.split('\n');
  const said = ['the message of the layer', 'with help', 'from a library', 'by a path'];
  expect(lines.slice(0, 5)).toEqual(['prog greets', ...said]);
  expect(lines.slice(6, 11)).toEqual(['prog greets', ...said]);
  expect([lines[5], lines[11]].every((line) => line.startsWith('/var/lang/lib:/lib64:'))).toBe(true);
  const files = mapped(lines.slice(12));
  expect(files.filter((file) => !file.startsWith('/opt/elf/'))).toEqual([]);
  expect(files.map((file) => path.basename(file)).sort()).toEqual(
    [loader, 'libbyname.so.1', 'libfromlibrary.so.1', 'libgreet.so.1', 'libhelp.so.1', 'plugin.so', 'prog'].sort(),
  );
}

describe.each([
  ['a root laid out as Alpine\'s', () => new Fixture().alpine(), [], 'ld-musl-x86_64.so.1'],
  ['the same, linked by lld', () => new Fixture().alpine(), ['-fuse-ld=lld'], 'ld-musl-x86_64.so.1'],
  ['the same, at a fixed address', () => new Fixture().alpine(), ['-no-pie', '-fno-pie'], 'ld-musl-x86_64.so.1'],
  ['a Debian with musl', () => debianWithMusl(), [], 'libc.so'],
] as const)('a musl program from %s', (_, makeRoot, options, loader) => {
  let root: Fixture;
  let layer: Made;
  beforeAll(async () => {
    root = makeRoot();
    // a shared object is never at a fixed address
    install(root, options.filter((option) => !option.includes('pie')));
    if (options.some((option) => option.includes('pie'))) {
      root.compile('/usr/bin/prog', PROGRAM, [...options, root.locate('/usr/lib/libgreet.so.1')], 'musl-gcc');
    }
    layer = await make(root, 'prog', { include });
  });

  test('runs from /opt with the libraries that it opens by name, and no ELF file of the host is mapped', () => {
    runs(layer, loader);
  });

  test('runs likewise if all of its files are stripped after the edit', () => {
    execFileSync(
      'strip',
      layer.plan.entries.flatMap((entry) =>
        entry.kind === 'file' && entry.edits?.rpath !== undefined ? [path.join(layer.mirrored, entry.path)] : [],
      ),
    );
    runs(layer, loader);
  });
});

function debianWithMusl(): Fixture {
  const root = new Fixture().debian();
  root.copy(MUSL_LOADER, '/usr/lib/x86_64-linux-musl/libc.so');
  root.write({
    '/usr/lib/ld-musl-x86_64.so.1': { link: 'x86_64-linux-musl/libc.so' },
    '/etc/ld-musl-x86_64.path': '/lib/x86_64-linux-musl\n/lib\n',
  });
  return root;
}

describe('the loader of musl', () => {
  let root: Fixture;
  beforeEach(() => {
    root = new Fixture().alpine();
    root.library('/usr/lib/libx.so');
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
  });

  test('has another variable and another list of directories in the layer', () => {
    const { plan: planned } = plan(root, 'prog');
    expect(planned.loader).toBeUndefined();
    expect(planned.entries).toContainEqual({ kind: 'link', path: '/musl', target: 'lib/ld-musl-x86_64.so.1' });
    expect(planned.entries).toContainEqual({ kind: 'text', path: '/ld.path', text: `/opt/elf/${KEY}/lib:/opt/elf/${KEY}/usr/lib\n` });
    expect(planned.entries.find(({ path: place }) => place === '/usr/bin/prog')).toMatchObject({
      edits: { interpreter: `/opt/elf/${KEY}/musl`, rpath: `/opt/elf/${KEY}/usr/lib` },
    });
  });

  test('keeps its size, and only strings differ', async () => {
    const { plan: planned, mirrored } = await make(root, 'prog');
    const [before, after] = [root.locate(MUSL_LOADER), path.join(mirrored, MUSL_LOADER)].map((file) => fs.readFileSync(file, 'latin1'));
    expect(after.length).toBe(before.length);
    const differing = new Set(
      [...before].flatMap((byte, at) =>
        byte === after[at] ? [] : [before.slice(before.lastIndexOf('\0', at) + 1, before.indexOf('\0', at))],
      ),
    );
    expect([...differing]).toEqual([
      '/dev/shm/',
      '/dev/shm/tmp-%d',
      '/lib:/usr/local/lib:/usr/lib',
      '%.*s/etc/ld-musl-x86_64.path',
      'LD_LIBRARY_PATH',
    ]);
    expect(after).toContain(`\0%.*s/${planned.key}/ld.path\0`);
    expect(after).toContain('\0=D_LIBRARY_PATH\0');
  });

  test('may be one for 64-bit ARM', () => {
    const loader = '\x7fELF\0%.*s/etc/ld-musl-aarch64.path\0LD_LIBRARY_PATH\0';
    expect(confine(Buffer.from(loader, 'latin1'), '/lib/ld-musl-aarch64.so.1')).toEqual([[35, '='], [5, `%.*s/${KEY}/ld.path\0`]]);
  });

  test.each(['LD_LIBRARY_PATH', '/etc/ld-musl-x86_64.path'])('without a %s to overwrite is an error', (text) => {
    const bytes = fs.readFileSync(MUSL_LOADER);
    bytes.fill('x', bytes.indexOf(text), bytes.indexOf(text) + text.length);
    root.write({ [MUSL_LOADER]: bytes });
    expect(() => plan(root, 'prog')).toThrow(UnknownLoaderError);
    expect(() => plan(root, 'prog')).toThrow(
      /\/lib\/ld-musl-x86_64\.so\.1 is a loader of musl that .* expected musl 1\.1 or 1\.2.*\n.*libraries of the host: take/,
    );
  });

  test('can be in a layer together with the loader of glibc', async () => {
    const both = debianWithMusl().libc();
    both.compile('/usr/bin/glibc', '#include <stdio.h>\nint main(void) { puts("glibc"); return 0; }');
    both.compile('/usr/bin/musl', '#include <stdio.h>\nint main(void) { puts("musl"); return 0; }', [], 'musl-gcc');
    const layer = await make(both, 'glibc', { binaries: ['glibc', 'musl'] });
    expect(['glibc', 'musl'].map((name) => lambda(layer.opt, [name], host).stdout)).toEqual(['glibc\n', 'musl\n']);
    expect(fs.readlinkSync(path.join(layer.mirrored, 'ld.so'))).toBe('usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2');
    expect(fs.readlinkSync(path.join(layer.mirrored, 'musl'))).toBe('usr/lib/x86_64-linux-musl/libc.so');
  });
});

test('a library that musl does not find is missing, even if glibc would search its directory', () => {
  const root = debianWithMusl();
  root.library('/usr/lib/x86_64-linux-gnu/libx.so');
  root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
  expect(() => plan(root, 'prog')).toThrow(MissingLibraryError);
});

test('symbol versions do not matter for a musl program', async () => {
  const root = new Fixture().alpine();
  const source = 'int x(void) { return 0; }';
  const flags = [`-Wl,--version-script,${root.locate('/tmp/versions')}`];
  root.write({ '/tmp/versions': 'LIBX_2 { global: x; };' });
  root.library('/usr/lib/libx.so', { source, flags });
  root.compile('/usr/bin/prog', 'int x(void); int main(void) { return x(); }', [root.locate('/usr/lib/libx.so')], 'musl-gcc');
  root.write({ '/tmp/versions': 'LIBX_1 { global: x; };' });
  root.library('/usr/lib/libx.so', { source, flags });
  expect(lambda((await make(root, 'prog')).opt, ['prog'], host).status).toBe(0);
});

test('a hostile library ends a process that loads it', () => {
  const root = new Fixture().alpine();
  install(root);
  root.library('/hostile/libgreet.so.1', { source: `${HOSTILE} void greeting(void) {} void opened(void) {}` });
  expect(root.run(['/usr/bin/prog'], { env: { LD_LIBRARY_PATH: '/hostile' } }).status).toBe(66);
});
