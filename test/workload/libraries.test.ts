import { execFileSync } from 'child_process';
import { slim, SlimRoot } from './slimmed';
import { LIB } from '../collect/packaged';

/** Constants of a size at which a library counts as not read if no command reads them. */
const LARGE = 'const char room[1200000] = { 1 };';

/** A program that does what its first argument requests. */
function rooted(libraries: Readonly<Record<string, string>>, body: string, options: readonly string[] = []): SlimRoot {
  const root = new SlimRoot();
  for (const [name, source] of Object.entries(libraries)) root.shared(name, source);
  root.tool('tool', `#include <dlfcn.h>\n#include <stdio.h>\n${body}`, Object.keys(libraries), options);
  return root;
}

describe('libraries of a slim layer', () => {
  test('stay if a command calls them, even if the program binds all symbols when it starts (DF_1_NOW)', () => {
    const root = rooted({ 'liba.so': 'int a(void) { return 0; }', 'libb.so': 'int b(void) { return 1; }' },
      'int a(void); int b(void); int main(int count, char **argv) { return count > 1 ? b() : a(); }', ['-Wl,-z,now']);
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/libb.so`]);
    expect(layer.run('tool 1').code).toBe(127);
  });

  test('stay if a command calls them by a pointer or an indirect function (IFUNC)', () => {
    const root = rooted(
      {
        'liba.so':
          'static int one(void) { return 0; }\nstatic void *choose(void) { return one; }\nint a(void) __attribute__((ifunc("choose")));',
        'libb.so': 'int b(void) { return 0; }',
      },
      'int a(void); int b(void); int (*const table[])(void) = { a, b };\nint main(int count, char **argv) { return table[count - 1](); }',
    );
    expect(slim(root, 'tool', ['tool']).stubs).toEqual([`${LIB}/libb.so`]);
    expect(slim(root, 'tool', ['tool 1']).stubs).toEqual([`${LIB}/liba.so`]);
  });

  test('stay absent if only a weak reference needs them', () => {
    const root = rooted(
      { 'libb.so': 'int b(void) { return 1; }' },
      'int b(void);\nint absent(void) __attribute__((weak));\nint main(int count, char **argv) { return absent ? absent() : count > ' +
        '1 ? b() : 0; }',
    );
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/libb.so`]);
    expect(layer.run('tool').code).toBe(0);
  });

  test('stay if a command opens them by name, and are left out otherwise', () => {
    const root = new SlimRoot();
    root.shared('libopened.so', 'int opened(void) { return 0; }');
    root.shared('libneeding.so', 'int opened(void); int needing(void) { return opened(); }', ['libopened.so']);
    root.tool('tool', `#include <dlfcn.h>\n#include <stddef.h>
      int needing(void);
      int main(int count, char **argv) {
        if (count > 1) return needing();
        void *library = dlopen("libopened.so", RTLD_NOW);
        return library == NULL || ((int (*)(void)) dlsym(library, "opened"))();
      }`, ['libneeding.so']);
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/libneeding.so`]);
    expect(layer.files).toContain(`${LIB}/libopened.so`);
    expect(layer.run('tool').code).toBe(0);
  });

  test('stay if a command fails without them, even if it does not call them: their constructors have an effect', () => {
    const root = new SlimRoot();
    root.shared('libregistry.so', 'static int count; void enter(void) { count++; } int entries(void) { return count; }');
    root.shared(
      'libmember.so',
      'void enter(void); __attribute__((constructor)) static void begin(void) { enter(); } void member(void) {}',
      ['libregistry.so'],
    );
    root.shared('libother.so', 'void other(void) {}');
    root.tool('tool', `void member(void); void other(void); int entries(void);
      int main(int count, char **argv) { if (count > 1) { member(); other(); } return entries() == 0; }`,
    ['libother.so', 'libmember.so', 'libregistry.so']);
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/libother.so`]);
    expect(layer.run('tool').code).toBe(0);
  });

  test('that export a used variable stay if they are small, and become stubs if they are large and no command reads it', () => {
    const body = `extern const int small, large; int first(void); int second(void);
      const int *const table[] = { &small, &large };
      int main(int count, char **argv) { return count > 1 ? *table[1] - 4 : count > 9 ? first() + second() : 0; }`;
    const root = rooted({
      'libsmall.so': 'const int small = 3; int first(void) { return 0; }',
      'liblarge.so': `const int large = 4; int second(void) { return 0; }\n${LARGE}`,
    }, body, ['-fPIC', '-pie', '-mno-direct-extern-access']);
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.stubs).toEqual([`${LIB}/liblarge.so`]);
    expect(layer.known!.outcome.unread).toEqual([`${LIB}/liblarge.so`]);
    expect(layer.run('tool').code).toBe(0);
    expect(layer.run('tool 1').code).toBe(139); // SIGSEGV rather than a wrong value
    const reading = slim(root, 'tool', ['tool 1']);
    expect(reading.stubs).toEqual([]);
    expect(reading.run('tool 1').code).toBe(0);
  });

  test('in C++ stay if a command uses the virtual table or the type information of their classes', () => {
    const root = new SlimRoot();
    for (const name of ['libstdc++.so.6', 'libm.so.6', 'libgcc_s.so.1']) root.copy(`/usr/lib/x86_64-linux-gnu/${name}`, `${LIB}/${name}`);
    const header =
      'struct Shape { virtual ~Shape(); virtual int sides() const; }; struct Unused { virtual ~Unused(); virtual int nothing() const; };';
    const compile = (inside: string, source: string, options: readonly string[]) => (
      execFileSync('g++', ['-x', 'c++', '-', '-x', 'none', '-o', root.locate(inside), ...options], { input: source }));
    compile(`${LIB}/libshape.so`, `${header}\nShape::~Shape() {}\nint Shape::sides() const { return 4; }`,
      ['-shared', '-fPIC', '-Wl,-soname,libshape.so']);
    compile(`${LIB}/libunused.so`, `${header}\nUnused::~Unused() {}\nint Unused::nothing() const { return 0; }`,
      ['-shared', '-fPIC', '-Wl,-soname,libunused.so']);
    compile('/usr/bin/tool', `${header}
      struct Square : Shape { };
      int main(int count, char **argv) {
        Shape *shape = new Square;
        if (count > 1) { Unused *unused = new Unused; return unused->nothing(); }
        return dynamic_cast<Square *>(shape) == nullptr || shape->sides() != 4;
      }`, ['-Wl,--no-as-needed', root.locate(`${LIB}/libshape.so`), root.locate(`${LIB}/libunused.so`),
      `-Wl,-rpath-link,${root.locate(LIB)}`]);
    const layer = slim(root, 'tool', ['tool']);
    expect(layer.files).toEqual(expect.arrayContaining([`${LIB}/libshape.so`, `${LIB}/libstdc++.so.6`]));
    expect(layer.run('tool').code).toBe(0);
  });
});
