import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { run } from './compile';
import { functionsNamed, message, outcome, StubWorkshop } from './stubs';
import { readSymbols, refersToData } from '../../lib/elf';
import { readCalls, stubLibrary } from '../../lib/elf/stub';

const GCC = '/usr/bin/aarch64-linux-gnu-gcc';
const QEMU = '/usr/bin/qemu-aarch64';
const SYSTEM = '/usr/aarch64-linux-gnu';
/** Packages that the test suite does not install: they take 250 MB. */
const PACKAGES = { [GCC]: 'gcc-aarch64-linux-gnu', [QEMU]: 'qemu-user', [`${SYSTEM}/include/stdio.h`]: 'libc6-dev-arm64-cross' };
const missing = Object.entries(PACKAGES).flatMap(([file, name]) => (existsSync(file) ? [] : [name]));
const describeEmulated = missing.length > 0 ? describe.skip : describe;
const lacks = missing.length > 0 ? ` (needs ${missing.join(', ')})` : '';

const workshop = new StubWorkshop();
afterAll(() => workshop.remove());

describeEmulated(`a program for aarch64 with a stub of its library${lacks}`, () => {
  let program: string;
  let stub: Buffer;
  beforeAll(() => {
    const library = workshop.library('libplain.so.1', 'int first(void) { return 1; } int second(void) { return 2; }', [], GCC);
    program = workshop.program('plain', `
      #include <stdio.h>
      #include <string.h>
      int first(void), second(void);
      int (*volatile pointer)(void) = second;
      int main(int count, char **arguments) {
        if (count > 1) return strcmp(arguments[1], "first") == 0 ? first() : pointer();
        puts(pointer == second ? "not called" : "another address");
        return 0;
      }`, [library], [], GCC);
    stub = workshop.replace(library, [program]);
  });

  test('runs as before if it does not call the stub', () => {
    expect(outcome(QEMU, '-L', SYSTEM, program)).toEqual({ code: 0, stdout: 'not called\n', stderr: '' });
  });

  test.each(['first', 'second'])('prints the called function, and exits with code 127 (%s)', name => {
    expect(outcome(QEMU, '-L', SYSTEM, program, name)).toEqual({ code: 127, stdout: '', stderr: message(program, name, 'libplain.so.1') });
  });

  test('is distinguished from one that refers to data of the library', () => {
    const definitions = 'int variable = 1; __thread int local = 2; int called(void) { return 1; } int pointed(void) { return 2; }';
    const library = workshop.library('libdata.so', definitions, [], GCC);
    const source = `
      extern int variable; extern __thread int local; int called(void), pointed(void);
      int (*pointer)(void) = pointed;
      int use(void) { return variable + local + called() + pointer(); }
      int main(void) { return 0; }`;
    for (const options of [['-shared', '-fPIC'], ['-pie', '-fPIE'], ['-no-pie', '-fno-pic']]) {
      const user = workshop.program('user', source, [library], options, GCC);
      const { exports } = workshop.symbols(library);
      const references = workshop.symbols(user).imports.filter(({ name }) => exports.has(name))
        .map(imported => [imported.name, refersToData(imported, exports.get(imported.name)![0])]);
      expect(Object.fromEntries(references)).toEqual({ variable: true, local: true, called: false, pointed: false });
    }
  });

  test('reports the call', () => {
    const file = workshop.path('report');
    workshop.replace(workshop.path('libplain.so.1'), [program], { report: file });
    expect(outcome(QEMU, '-L', SYSTEM, program, 'first').code).toBe(127);
    expect(readCalls(readFileSync(file))).toEqual([{ library: 'libplain.so.1', symbol: 'first' }]);
    workshop.write('libplain.so.1', stub);
  });

  test('can call functions with names of megabytes', () => {
    const names = Array.from({ length: 30_000 }, (_, index) => `function_${'x'.repeat(60)}_${index}`);
    const interface_ = functionsNamed('aarch64', 'libfar.so', names);
    workshop.write('libfar.so', stubLibrary(interface_, [...interface_.exports.values()].flat(), { library: 'libfar.so' }));
    const far = workshop.program('far', `
      #include <dlfcn.h>
      int main(int count, char **arguments) {
        return ((int (*)(void)) dlsym(dlopen("libfar.so", RTLD_NOW), arguments[1]))();
      }`, [], [], GCC);
    for (const name of [names[0], names[15_000], names[29_999]]) {
      expect(outcome(QEMU, '-L', SYSTEM, far, name)).toEqual({ code: 127, stdout: '', stderr: message(far, name, 'libfar.so') });
    }
  });
});

describe('a stub for aarch64', () => {
  const original = functionsNamed('aarch64', 'libplain.so.1', ['first', 'second']);
  const symbols = [...original.exports.values()].flat();

  test('has segments for kernels with pages of 64 KiB', () => {
    const file = workshop.write('stub', stubLibrary(original, symbols, { library: 'libplain.so.1' }));
    const loads = run('readelf', '-lW', file).split('\n').filter(line => line.includes('LOAD'));
    expect(loads.map(line => line.trim().split(/ +/).slice(-2))).toEqual([['E', '0x10000'], ['RW', '0x10000']]);
  });

  // If this fails after a change of the code, run the tests above on a machine with an emulator, and renew the hashes.
  test.each([
    ['', undefined, '62d197cb19ea26a302fe496ebf6126b842706b7ad760d351af94caee0470e857'],
    [' that reports', '/tmp/report', '8ffc1e8dfa83419526119716c34e002374ca71a3a5f1c809c1e2ca4ac795b47d'],
  ])('has the same code that was tested with an emulator (a stub%s)', (_title, report, hash) => {
    const stub = stubLibrary(original, symbols, { library: 'libplain.so.1', report });
    expect(readSymbols(stub)).toMatchObject({ machine: 'aarch64', soname: 'libplain.so.1' });
    expect(createHash('sha256').update(stub).digest('hex')).toBe(hash);
  });
});
