import { run } from './compile';
import { message, outcome, referredTo, StubWorkshop } from './stubs';
import { readSymbols } from '../../lib/elf';
import { stubLibrary } from '../../lib/elf/stub';

/** Stubs with versions, weak references, indirect functions and function pointers. They match the original, except that no call returns. */

const workshop = new StubWorkshop();
afterAll(() => workshop.remove());

/** A program whose first argument chooses a branch. */
const choosing = (declarations: string, branches: Readonly<Record<string, string>>) => `
  #define _GNU_SOURCE
  #include <stdio.h>
  #include <string.h>
  #include <dlfcn.h>
  ${declarations}
  int main(int count, char **arguments) {
    const char *choice = count > 1 ? arguments[1] : "";
    ${Object.entries(branches).map(([name, body]) => `if (strcmp(choice, "${name}") == 0) { ${body} }`).join('\n')}
    return 0;
  }`;

describe('the versions of a stub', () => {
  const script = 'V1 { global: f; old; local: *; };\nV2 { global: f; } V1;\nV3 { global: unused; } V2;\n';
  const map = workshop.write('versions.map', Buffer.from(script));
  const source = `
    int f_old(void) { return 1; } int f_new(void) { return 2; } int old(void) { return 3; } int unused(void) { return 4; }
    __asm__(".symver f_old, f@V1"); __asm__(".symver f_new, f@@V2");`;
  const library = workshop.library('libversioned.so.1', source, [`-Wl,--version-script,${map}`]);
  const original = workshop.symbols(library);
  const program = workshop.program('versioned', choosing(`
    int f_first(void), f(void), old(void);
    __asm__(".symver f_first, f@V1");`, {
    first: 'return f_first();',
    default: 'return f();',
    dlvsym: 'printf("%d%d", dlvsym(RTLD_DEFAULT, "f", "V1") == f_first, dlvsym(RTLD_DEFAULT, "f", "V2") == f);',
    dlsym: 'printf("%d%d", dlsym(RTLD_DEFAULT, "f") == f, f == f_first);',
    old: 'return old();',
  }), [library], ['-Wl,-z,now']);
  const fOf = (version: string) => original.exports.get('f')!.filter(symbol => symbol.version?.name === version);

  test('are read, and the default version is recognized', () => {
    expect(fOf('V1')).toMatchObject([{ isHidden: true, isFunction: true }]);
    expect(fOf('V2')).toMatchObject([{ isHidden: false, isFunction: true }]);
    const imports = workshop.symbols(program).imports.filter(({ name }) => name === 'f');
    expect(imports.map(({ version }) => version).sort((a, b) => (a!.name < b!.name ? -1 : 1)))
      .toEqual([{ name: 'V1', file: 'libversioned.so.1' }, { name: 'V2', file: 'libversioned.so.1' }]);
  });

  test('are bound to their definitions in the stub', () => {
    expect(outcome(program, 'first').code).toBe(1);
    expect(outcome(program, 'default').code).toBe(2);
    workshop.replace(library, [program]);
    expect(outcome(program, 'dlvsym').stdout).toBe('11');
    expect(outcome(program, 'dlsym').stdout).toBe('10');
    for (const choice of ['first', 'default']) {
      expect(outcome(program, choice)).toEqual({ code: 127, stdout: '', stderr: message(program, 'f', 'libversioned.so.1') });
    }
    expect(outcome(program, 'old').stderr).toBe(message(program, 'old', 'libversioned.so.1'));
  });

  test('are all defined, with their parents, even if no symbol uses them', () => {
    const stub = stubLibrary(original, [], { library: 'libversioned.so.1' });
    expect(readSymbols(stub)).toMatchObject({ versions: original.versions, exports: new Map() });
    expect(original.versions.map(({ name, isBase, parents }) => [name, isBase, parents]))
      .toEqual([['libversioned.so.1', true, []], ['V1', false, []], ['V2', false, ['V1']], ['V3', false, ['V2']]]);
  });

  test('have the same numbers and hashes as in the original', () => {
    const definitions = (file: string) => run('objdump', '-p', file).split('Version definitions:')[1].split('Version References')[0].trim();
    const full = workshop.library('libversioned-full.so.1', source, [`-Wl,--version-script,${map}`, '-Wl,-soname,libversioned.so.1']);
    expect(definitions(workshop.write('stub', workshop.replace(full, [program])))).toBe(definitions(library));
  });
});

test('a program that binds all functions when it starts finds them in the stub', () => {
  const names = Array.from({ length: 300 }, (_, index) => `function_${index}`);
  const library = workshop.library('libmany.so', names.map(name => `int ${name}(void) { return 1; }`).join('\n'));
  const program = workshop.program('many', choosing(`int ${names.map(name => `${name}(void)`).join(', ')};`,
    Object.fromEntries(names.map(name => [name, `return ${name}();`]))), [library], ['-Wl,-z,now']);
  workshop.replace(library, [program]);
  expect(outcome(program)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(outcome(program, 'function_287')).toEqual({ code: 127, stdout: '', stderr: message(program, 'function_287', 'libmany.so') });
});

test('weak references to symbols that the library does not define stay unresolved, and others are bound', () => {
  const library = workshop.library('libweak.so', 'int present(void) { return 1; }');
  const program = workshop.program('weak', choosing('__attribute__((weak)) int present(void), absent(void);', {
    test: 'printf("%d%d", present != 0, absent != 0);',
    call: 'return present();',
  }), [library]);
  const weak = workshop.symbols(program).imports.filter(({ isWeak }) => isWeak).map(({ name }) => name);
  expect(weak).toEqual(expect.arrayContaining(['present', 'absent']));
  workshop.replace(library, [program]);
  expect(outcome(program, 'test')).toEqual({ code: 0, stdout: '10', stderr: '' });
  expect(outcome(program, 'call').stderr).toBe(message(program, 'present', 'libweak.so'));
});

test('a library uses its own copy of a template if the library with the first copy is a stub', () => {
  const library = (name: string, code: string) => workshop.library(name, `
    template <class T> struct Box { virtual ~Box() {} virtual T get() { static T number = 4; return ++number; } };
    ${code}`, ['-x', 'c++', '-nodefaultlibs', '-lsupc++', '-lc', '-lgcc_s'], 'g++');
  const first = library('libfirst-box.so', 'extern "C" int first() { return Box<int>().get(); }');
  const second = library('libsecond-box.so', 'extern "C" int second() { Box<int> *box = new Box<int>; return box->get(); }');
  const program = workshop.program('boxes', choosing('int first(void), second(void);', {
    first: 'return first();',
    second: 'return second();',
  }), [first, second]);
  expect(outcome(program, 'second').code).toBe(5);
  const stub = workshop.replace(first, [program, first, second]);
  expect([...readSymbols(stub).exports.keys()]).toEqual(['first']);
  expect(outcome(program, 'second')).toEqual({ code: 5, stdout: '', stderr: '' });
  expect(outcome(program, 'first').stderr).toBe(message(program, 'first', 'libfirst-box.so'));
});

test('an indirect function becomes an ordinary function', () => {
  const library = workshop.library('libindirect.so', `
    static int fast(void) { return 1; }
    static void *choose(void) { return fast; }
    int chosen(void) __attribute__((ifunc("choose")));`);
  const program = workshop.program('indirect', choosing('int chosen(void);', { call: 'return chosen();' }), [library], ['-Wl,-z,now']);
  expect(workshop.symbols(library).exports.get('chosen')).toMatchObject([{ type: 'ifunc', isFunction: true }]);
  expect(outcome(program, 'call').code).toBe(1);
  const stub = workshop.replace(library, [program]);
  expect(readSymbols(stub).exports.get('chosen')).toMatchObject([{ type: 'function' }]);
  expect(outcome(program)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(outcome(program, 'call')).toEqual({ code: 127, stdout: '', stderr: message(program, 'chosen', 'libindirect.so') });
});

test.each([
  ['a position-independent program', []],
  ['a program at a fixed address', ['-no-pie', '-fno-pic']],
  ['a program without a procedure linkage table', ['-fno-plt']],
])('function pointers of %s compare equal, and a call through them prints the message', (_title, options) => {
  const library = workshop.library('libpointer.so', 'int target(void) { return 1; } int (*pointer(void))(void) { return target; }');
  const other = workshop.library('libother.so', `
    int target(void);
    int (*const table[])(void) = { target };
    int (*from_table(void))(void) { return table[0]; }`, [library]);
  const declarations = 'int target(void); int (*from_table(void))(void); int (*volatile variable)(void) = target;';
  const program = workshop.program('pointer', choosing(declarations, {
    compare: 'printf("%d%d", variable == target, from_table() == target);',
    call: 'return variable();',
    table: 'return from_table()();',
  }), [library, other], options);
  expect(outcome(program, 'compare').stdout).toBe('11');
  workshop.replace(library, [program, other]);
  expect(outcome(program, 'compare')).toEqual({ code: 0, stdout: '11', stderr: '' });
  for (const choice of ['call', 'table']) {
    expect(outcome(program, choice)).toEqual({ code: 127, stdout: '', stderr: message(program, 'target', 'libpointer.so') });
  }
});

test('a stub that is opened by name has its functions and runs no constructor', () => {
  const library = workshop.library('libopened.so.2', `
    #include <stdio.h>
    __attribute__((constructor)) static void start(void) { puts("constructor"); fflush(stdout); }
    int listed(void) { return 1; } int unlisted(void) { return 2; }`);
  const program = workshop.program('opening', choosing('', {
    test: 'void *l = dlopen("libopened.so.2", RTLD_NOW); printf("%d%d%d", l != 0, dlsym(l, "listed") != 0, dlsym(l, "unlisted") != 0);',
    call: 'return ((int (*)(void)) dlsym(dlopen("libopened.so.2", RTLD_NOW), "listed"))();',
  }), []);
  expect(outcome(program, 'test').stdout).toBe('constructor\n111');
  const original = workshop.symbols(library);
  workshop.write('libopened.so.2', stubLibrary(original, original.exports.get('listed')!, { library: 'libopened.so.2' }));
  expect(outcome(program, 'test')).toEqual({ code: 0, stdout: '110', stderr: '' });
  expect(outcome(program, 'call').stderr).toBe(message(program, 'listed', 'libopened.so.2'));
});

test('a stub can be called with any stack alignment, in threads and in signal handlers', () => {
  const library = workshop.library('libanywhere.so', 'void anywhere(void) {}');
  const program = workshop.program('anywhere', choosing(`
    #include <pthread.h>
    #include <signal.h>
    void anywhere(void);
    static void handle(int number) { anywhere(); }
    static void *run(void *argument) { anywhere(); return 0; }
    #include <stdlib.h>
    #include <sys/auxv.h>`, {
    stack: '__asm__("sub $3, %rsp; jmp anywhere@PLT");',
    thread: 'pthread_t thread; pthread_create(&thread, 0, run, 0); pthread_join(thread, 0);',
    signal: `
      size_t size = getauxval(AT_MINSIGSTKSZ) + 2048;
      stack_t stack = { .ss_sp = malloc(size), .ss_size = size }; sigaltstack(&stack, 0);
      struct sigaction action = { .sa_handler = handle, .sa_flags = SA_ONSTACK }; sigaction(SIGUSR1, &action, 0); raise(SIGUSR1);`,
  }), [library], ['-Wl,-z,now']);
  workshop.replace(library, [program]);
  for (const choice of ['stack', 'thread', 'signal']) {
    const expected = { choice, code: 127, stdout: '', stderr: message(program, 'anywhere', 'libanywhere.so') };
    expect({ choice, ...outcome(program, choice) }).toEqual(expected);
  }
});

test('a stub has the flags of the library that the loader uses', () => {
  const library = workshop.library('libflags.so', 'void f(void) {}', ['-Wl,-z,nodelete,-z,now,-z,origin,-z,initfirst', '-Wl,-f,libaux.so']);
  expect(run('readelf', '-d', library)).toMatch(/FLAGS_1.*NOW.*NODELETE.*INITFIRST.*ORIGIN/);
  const stub = workshop.replace(library, [library]);
  const dynamic = run('readelf', '-d', workshop.write('stub', stub));
  expect(dynamic).toMatch(/FLAGS_1.*Flags: NODELETE$/m);
  expect(dynamic).not.toMatch(/AUXILIARY|NEEDED|INIT|FLAGS\)/);
});

test('a program of musl runs with a stub', () => {
  const library = workshop.library('libmusl-plain.so', 'int first(void) { return 1; }', [], 'musl-gcc');
  const program = workshop.program('musl', choosing('int first(void);', { call: 'return first();' }), [library], [], 'musl-gcc');
  expect(outcome(program, 'call').code).toBe(1);
  workshop.replace(library, [program]);
  expect(outcome(program)).toEqual({ code: 0, stdout: '', stderr: '' });
  expect(outcome(program, 'call')).toEqual({ code: 127, stdout: '', stderr: message(program, 'first', 'libmusl-plain.so') });
});

test('a name that could control a terminal is escaped in the message', () => {
  const library = workshop.library('libname.so', 'void f(void) __asm__("\\"\\033[31m\\""); void f(void) {}');
  const original = workshop.symbols(library);
  const [symbol] = original.exports.get('\x1b[31m') ?? [];
  const program = workshop.program('name', choosing('', {
    '': 'return ((int (*)(void)) dlsym(dlopen("libname.so", RTLD_NOW), "\\033[31m"))();',
  }), []);
  workshop.write('libname.so', stubLibrary(original, [symbol], { library: 'lib\x1bname.so' }));
  expect(outcome(program).stderr).toBe(message(program, '\\x1b[31m', 'lib\\x1bname.so'));
});

test('symbols in another order give the same bytes', () => {
  const library = workshop.library('liborder.so', 'void a(void) {} void b(void) {} void c(void) {}');
  const original = workshop.symbols(library);
  const program = workshop.program('order', choosing('void a(void), b(void), c(void);', { a: 'a(); b(); c();' }), [library]);
  const symbols = referredTo(original, [workshop.symbols(program)]);
  expect(symbols).toHaveLength(3);
  const options = { library: 'liborder.so' };
  expect(stubLibrary(original, [...symbols].reverse(), options)).toEqual(stubLibrary(original, [...symbols, symbols[0]], options));
});

test('a thread-local variable is not defined by a stub', () => {
  const original = workshop.symbols(workshop.library('libdata.so', '__thread int variable = 1;'));
  expect(() => stubLibrary(original, original.exports.get('variable')!, { library: 'libdata.so' }))
    .toThrow(new Error('libdata.so: a stub cannot define variable, which is data'));
});

test('a variable in a stub has an address of its own, and reading it ends the process with SIGSEGV', () => {
  const library = workshop.library('libvariables.so', 'int first = 1; int second = 2;');
  const program = workshop.program('variables', `
    extern int first, second;
    int *const table[] = { &first, &second };
    int main(int count, char **argv) { return count > 1 ? *table[1] : table[0] == table[1] || !table[0]; }`,
  [library], ['-fPIC', '-pie', '-mno-direct-extern-access']);
  workshop.replace(library, [program]);
  expect(outcome(program).code).toBe(0);
  expect(outcome(program, 'read').code).toBe('SIGSEGV');
});
