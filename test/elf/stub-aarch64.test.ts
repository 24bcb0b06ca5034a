import { existsSync } from 'node:fs';
import { run } from './compile';
import { message, outcome, StubWorkshop } from './stubs';

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

  test('runs as before if it calls nothing of it', () => {
    expect(outcome(QEMU, '-L', SYSTEM, program)).toEqual({ code: 0, stdout: 'not called\n', stderr: '' });
  });

  test.each(['first', 'second'])('says which function it called, and exits 127 (%s)', name => {
    expect(outcome(QEMU, '-L', SYSTEM, program, name)).toEqual({ code: 127, stdout: '', stderr: message(program, name, 'libplain.so.1') });
  });

  test('has segments for kernels with pages of 64 KiB', () => {
    workshop.write('stub', stub);
    const loads = run('readelf', '-lW', workshop.path('stub')).split('\n').filter(line => line.includes('LOAD'));
    expect(loads.map(line => line.trim().split(/ +/).slice(-2))).toEqual([['E', '0x10000'], ['RW', '0x10000']]);
  });
});
