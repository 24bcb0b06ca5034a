import { readFileSync, existsSync } from 'node:fs';
import { run } from './compile';
import { functionsNamed, message, outcome, referredTo, StubWorkshop } from './stubs';
import { editElf, readElf, readSymbols } from '../../lib/elf';
import { readCalls, stubLibrary } from '../../lib/elf/stub';

const workshop = new StubWorkshop();
afterAll(() => workshop.remove());

const MAIN = (body: string) => `
  #include <stdio.h>
  #include <string.h>
  int main(int count, char **arguments) {
    const char *choice = count > 1 ? arguments[1] : "";
    ${body}
    return 0;
  }`;

describe('a program with a stub of its library', () => {
  const source = 'int first(void) { return 1; } int second(void) { return 2; } int unused(void) { return 3; }';
  const library = workshop.library('libplain.so.1', source);
  const program = workshop.program('plain', `int first(void), second(void); ${MAIN(`
    if (strcmp(choice, "first") == 0) return first();
    if (strcmp(choice, "second") == 0) return second();
    puts("not called");
  `)}`, [library], ['-Wl,-z,lazy']);
  const stub = workshop.replace(library, [program]);

  test('runs as before if it does not call the stub', () => {
    expect(outcome(program)).toEqual({ code: 0, stdout: 'not called\n', stderr: '' });
  });

  test.each(['first', 'second'])('prints the called function, and exits with code 127 (%s)', name => {
    expect(outcome(program, name)).toEqual({ code: 127, stdout: '', stderr: message(program, name, 'libplain.so.1') });
  });

  test('is called "a program" in the message if /proc is not mounted', () => {
    const { code, stderr } = outcome('bwrap', '--dev-bind', '/', '/', '--tmpfs', '/proc', program, 'first');
    expect({ code, stderr }).toEqual({ code: 127, stderr: message('a program', 'first', 'libplain.so.1') });
  });

  test('is listed by the loader without the library\'s dependencies', () => {
    expect(run('/lib64/ld-linux-x86-64.so.2', '--list', program)).toContain('libplain.so.1 => ');
    expect(readElf(stub).dynamic).toMatchObject({ needed: [], soname: 'libplain.so.1' });
  });

  test('has a stub with only the functions that it refers to', () => {
    expect([...readSymbols(stub).exports.keys()].sort()).toEqual(['first', 'second']);
  });

  test('has a stub that is smaller than a page', () => {
    expect(stub.length).toBeLessThan(2048);
  });

  test('runs with an edited stub', () => {
    const edited = editElf(stub, { rpath: `/opt/${'long/'.repeat(100)}` });
    expect(readElf(edited).dynamic?.rpath).toHaveLength(505);
    workshop.write('libplain.so.1', edited);
    expect(outcome(program)).toEqual({ code: 0, stdout: 'not called\n', stderr: '' });
    expect(outcome(program, 'second')).toEqual({ code: 127, stdout: '', stderr: message(program, 'second', 'libplain.so.1') });
    workshop.write('libplain.so.1', stub);
  });

  test.each([['readelf', '-aW'], ['eu-elflint', '--gnu-ld', '--strict']])('is a valid file for %s', (command, ...options) => {
    const { code, stderr, stdout } = outcome(command, ...options, library);
    const warnings = stdout.match(/^(?!No errors$).*(?:warning|error).*$/gim);
    expect({ code, stderr, warnings }).toEqual({ code: 0, stderr: '', warnings: null });
  });
});

test('functions with names of megabytes can be called', () => {
  const names = Array.from({ length: 30_000 }, (_, index) => `function_${'x'.repeat(60)}_${index}`);
  const original = functionsNamed('x86_64', 'libfar.so', names);
  workshop.write('libfar.so', stubLibrary(original, [...original.exports.values()].flat(), { library: 'libfar.so' }));
  const program = workshop.program('far', `
    #include <dlfcn.h>
    int main(int count, char **arguments) { return ((int (*)(void)) dlsym(dlopen("libfar.so", RTLD_NOW), arguments[1]))(); }`, []);
  for (const name of [names[0], names[15_000], names[29_999]]) {
    expect(outcome(program, name)).toEqual({ code: 127, stdout: '', stderr: message(program, name, 'libfar.so') });
  }
});

describe('a report', () => {
  const library = workshop.library('libreported.so', 'void reported(void) {}');
  const program = workshop.program('reporting', `void reported(void); ${MAIN('reported();')}`, [library]);
  const original = workshop.symbols(library);
  const file = workshop.path('report');
  const stubWith = (report?: string, name = 'libreported.so') =>
    stubLibrary(original, referredTo(original, [workshop.symbols(program)]), { library: name, report });

  test('contains the library and the symbol of every call, in order', () => {
    for (const name of ['/lib/libreported.so', 'strange\n\0%2F/name']) {
      workshop.write('libreported.so', stubWith(file, name));
      expect(outcome('sh', '-c', `${program} 2>/dev/null || true`)).toEqual({ code: 0, stdout: '', stderr: '' });
    }
    expect(readCalls(readFileSync(file))).toEqual([
      { library: '/lib/libreported.so', symbol: 'reported' },
      { library: 'strange\n\0%2F/name', symbol: 'reported' },
    ]);
  });

  test('that cannot be written has no other effect', () => {
    workshop.write('libreported.so', stubWith(workshop.path('absent/report')));
    expect(outcome(program)).toEqual({ code: 127, stdout: '', stderr: message(program, 'reported', 'libreported.so') });
    expect(existsSync(workshop.path('absent'))).toBe(false);
  });

  test('is not written by a stub in a layer, which lacks the code for it', () => {
    workshop.write('libreported.so', stubWith());
    expect(outcome('strace', '-f', '-e', 'trace=!execve', '-o', workshop.path('trace'), program).code).toBe(127);
    const lines = readFileSync(workshop.path('trace'), 'utf8').trimEnd().split('\n').slice(-4);
    const calls = lines.map(line => line.replace(/^\d+ +(\w+).*/, '$1'));
    expect(calls).toEqual(['readlink', 'writev', 'exit_group', expect.stringContaining('exited with 127')]);
    expect(stubWith().includes('report\0')).toBe(false);
  });

  test('is read without the lines that no stub wrote', () => {
    expect(readCalls(Buffer.from('\nno NUL\na\0b\0c\n%zz\0name\nlibx.so\0name\n'))).toEqual([{ library: 'libx.so', symbol: 'name' }]);
  });
});
