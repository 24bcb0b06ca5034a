import { slim, SlimRoot } from './slimmed';
import { LIB } from '../collect/packaged';

/**
 * Libraries that have an effect beyond the functions that a program calls. In each case the layer contains what the command needs, and
 * the command does the same inside and outside of it.
 */

const HEADERS = '#include <stdio.h>\n#include <string.h>\n';

/** A tool that needs a library only if it gets the argument `use`. */
function rootWith(
  library: string,
  use: string,
  { declarations = '', options = [], libraryOptions = [] }: {
    readonly declarations?: string; readonly options?: readonly string[]; readonly libraryOptions?: readonly string[];
  } = {},
): SlimRoot {
  const root = new SlimRoot();
  root.write({ '/map': 'V1 { global: f; local: *; };\nV2 { global: f; } V1;\n' });
  root.shared('libcase.so', `${HEADERS} ${library}`, [], libraryOptions.map((option) => option.replace('/map', root.locate('/map'))));
  root.tool('tool', `${HEADERS} ${declarations}
    int main(int count, char **arguments) {
      if (count > 1) { ${use} }
      puts("done");
      return 0;
    }`, ['libcase.so'], options);
  root.install('tool', { '/usr/bin/tool': [], [`${LIB}/libcase.so`]: [] });
  return root;
}

const CASES: readonly { title: string; root: SlimRoot; used: string }[] = [
  {
    title: 'an indirect function',
    root: rootWith(`
      static int fast(void) { return 7; }
      static void *choose(void) { return fast; }
      int f(void) __attribute__((ifunc("choose")));`,
    'printf("%d ", f());', { declarations: 'int f(void);' }),
    used: '7 done',
  },
  {
    title: 'two versions of a function',
    root: rootWith('int f1(void) { return 1; } int f2(void) { return 2; } __asm__(".symver f1, f@V1"); __asm__(".symver f2, f@@V2");',
      'printf("%d%d ", f(), old());',
      { declarations: 'int f(void), old(void); __asm__(".symver old, f@V1");', libraryOptions: ['-Wl,--version-script,/map'] }),
    used: '21 done',
  },
  {
    title: 'functions that are resolved when the program starts',
    root: rootWith('int f(void) { return 3; } int g(void) { return 4; }', 'printf("%d%d ", f(), g());',
      { declarations: 'int f(void), g(void);', options: ['-Wl,-z,now'] }),
    used: '34 done',
  },
  {
    title: 'weak functions, one of which is absent',
    root: rootWith('int present(void) { return 5; }', 'printf("%d ", present ? present() : absent ? absent() : 0);',
      { declarations: '__attribute__((weak)) int present(void), absent(void);' }),
    used: '5 done',
  },
  {
    title: 'a function pointer in a table',
    root: rootWith('int f(void) { return 6; }', 'printf("%d ", table[0]());',
      { declarations: 'int f(void); int (*volatile table[])(void) = { f };' }),
    used: '6 done',
  },
];

describe.each(CASES)('a library with $title', ({ root, used }) => {
  test('is a stub if no command uses it, and a program that tests for it sees the same', () => {
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/libcase.so`]);
    expect(layer.run('tool')).toEqual({ code: 0, output: 'done' });
    expect(layer.run('tool use').code).toBe(127);
  });

  test('stays if a command uses it', () => {
    const layer = slim(root, 'tool', ['tool use']);
    expect(layer.stubs).toEqual([]);
    expect(layer.run('tool use')).toEqual({ code: 0, output: used });
  });
});

test('a library stays if a command fails without its constructor', () => {
  const root = rootWith(`
    #include <stdlib.h>
    __attribute__((constructor)) void start(void) { setenv("STARTED", "1", 1); }
    int f(void) { return 1; }`,
  'if (!getenv("STARTED")) return 3;', { declarations: '#include <stdlib.h>\nint f(void); int (*volatile kept)(void) = f;' });
  const layer = slim(root, 'tool', ['tool use']);
  expect(layer.stubs).toEqual([]);
  expect(layer.run('tool use')).toEqual({ code: 0, output: 'done' });
  expect(slim(root, 'tool', ['tool']).stubs).toEqual([`${LIB}/libcase.so`]);
});

test('a library that is opened by name stays if a command opens it, and is dropped if none does', () => {
  const root = new SlimRoot();
  root.shared('libopened.so', 'int f(void) { return 8; }');
  root.tool('tool', `${HEADERS}
    #include <dlfcn.h>
    int main(int count, char **arguments) {
      if (count > 1) {
        void *library = dlopen("libopened.so", RTLD_NOW);
        if (!library) { puts(dlerror()); return 3; }
        printf("%d ", ((int (*)(void)) dlsym(library, "f"))());
      }
      puts("done");
      return 0;
    }`);
  root.install('tool', { '/usr/bin/tool': [] }, { Depends: 'libopened' });
  root.install('libopened', { [`${LIB}/libopened.so`]: [] });
  const opened = slim(root, 'tool', ['tool use']);
  expect(opened.files).toContain(`${LIB}/libopened.so`);
  expect(opened.stubs).toEqual([]);
  expect(opened.run('tool use')).toEqual({ code: 0, output: '8 done' });
  const layer = slim(root, 'tool', ['tool']);
  expect(layer.files).toEqual(['/usr/bin/tool']);
});

test('a library stays with the library whose classes inherit from its classes', () => {
  const root = new SlimRoot();
  root.libc('libm.so.6');
  const base = 'struct Base { virtual int get(); virtual ~Base(); };';
  root.write({
    '/src/base.cc': `${base} int Base::get() { return 9; } Base::~Base() {}`,
    '/src/derived.cc': `${base}
      struct Derived : Base {};
      extern "C" int derived() { Derived d; Base *volatile b = &d; return b->get(); }`,
  });
  const cxx = (name: string) => ['-x', 'c++', root.locate(`/src/${name}.cc`), '-x', 'none', '-static-libstdc++', '-static-libgcc'];
  root.shared('libbase.so', '', [], cxx('base'), 'g++');
  root.shared('libderived.so', '', ['libbase.so'], cxx('derived'), 'g++');
  root.tool('tool', `${HEADERS} int derived(void); int main(int count, char **a) { printf("%d\\n", count > 1 ? derived() : 0); return 0; }`,
    ['libderived.so']);
  root.install('tool', { '/usr/bin/tool': [], [`${LIB}/libbase.so`]: [], [`${LIB}/libderived.so`]: [] });
  const called = slim(root, 'tool', ['tool use']);
  expect(called.stubs).toEqual([]);
  expect(called.run('tool use')).toEqual({ code: 0, output: '9' });
  const other = slim(root, 'tool', ['tool']);
  expect(other.stubs).toEqual([`${LIB}/libderived.so`]);
  expect(other.files).not.toContain(`${LIB}/libbase.so`);
  expect(other.run('tool')).toEqual({ code: 0, output: '0' });
});
