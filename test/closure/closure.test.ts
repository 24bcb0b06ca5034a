import { chainOf, MissingLibraryError } from '../../lib/closure/closure';
import { load, MissingInterpreterError } from '../../lib/closure/program';
import type { Elf } from '../../lib/elf';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture } from '../fixture';
import { mapped } from '../loader/agree';

const TRIPLET = 'x86_64-linux-gnu';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture().debian();
});

function close(program: string) {
  const root = new DirectoryRoot(fixture.directory);
  return load(program, root.content(program).elf as Elf, settingOf(root, 'x86_64'));
}

const library = (name: string, ...needs: string[]) => fixture.library(`/usr/lib/${name}`, { needs });
const program = (...needs: string[]) => fixture.program('/usr/bin/prog', { needs });

describe('the order of libraries', () => {
  test('is breadth first', () => {
    library('liba.so', 'libdeep.so');
    library('libb.so');
    library('libdeep.so', 'libdeeper.so');
    library('libdeeper.so');
    program('liba.so', 'libb.so');
    expect(mapped(fixture, '/usr/bin/prog')).toEqual(['/lib/liba.so', '/lib/libb.so', '/lib/libdeep.so', '/lib/libdeeper.so']);
  });

  test('has a library that several objects need once, at its first use', () => {
    library('liba.so', 'libx.so', 'libb.so');
    library('libb.so', 'libx.so', 'liba.so');
    library('libx.so', 'liba.so');
    program('liba.so', 'libb.so');
    expect(mapped(fixture, '/usr/bin/prog')).toEqual(['/lib/liba.so', '/lib/libb.so', '/lib/libx.so']);
  });

  test('has the loader at its first use, by the path in the program', () => {
    library('liba.so', 'ld-linux-x86-64.so.2', 'libb.so');
    library('libb.so');
    program('liba.so');
    expect(mapped(fixture, '/usr/bin/prog')).toEqual(['/lib/liba.so', '/lib64/ld-linux-x86-64.so.2', '/lib/libb.so']);
  });

  test('contains an object that needs itself once', () => {
    library('liba.so', 'liba.so');
    program('liba.so');
    expect(mapped(fixture, '/usr/bin/prog')).toEqual(['/lib/liba.so']);
  });
});

describe('a missing library', () => {
  test('is an error with the object that needs it, the chain from the program, each place searched, and the remedy', () => {
    fixture.library('/opt/app/lib/liba.so', { needs: ['libb.so'], runpath: '/opt/app/lib:/opt/other' });
    fixture.library('/opt/app/lib/libb.so', { needs: ['libgone.so.3'], runpath: '$ORIGIN:/opt/other' });
    fixture.program('/usr/bin/prog', { needs: ['liba.so'], runpath: '/opt/app/lib' });
    const defaults = [`/lib/${TRIPLET}`, `/usr/lib/${TRIPLET}`, '/lib', '/usr/lib'].map((place) => `${place} (default directory)`);
    expect(() => close('/usr/bin/prog')).toThrow(MissingLibraryError);
    expect(() => close('/usr/bin/prog')).toThrow(
      new Error(
        [
          'libgone.so.3 not found, needed by /opt/app/lib/libb.so',
          '  chain: prog → liba.so → libb.so → libgone.so.3',
          `  searched: /opt/app/lib (runpath of libb.so), /opt/other (runpath of libb.so), ${defaults.join(', ')}`,
          '  install the package that has libgone.so.3',
          "  or, if you built it, link libb.so with -Wl,-rpath,'$ORIGIN', or set LD_LIBRARY_PATH to the directory of libgone.so.3",
        ].join('\n'),
      ),
    );
  });

  test('was also looked up in the cache if there is one', () => {
    fixture.ldconfig();
    program('libgone.so');
    expect(() => close('/usr/bin/prog')).toThrow('searched: /etc/ld.so.cache, /lib/');
  });

  test('that the program itself needs is reported without a chain', () => {
    program('libgone.so');
    expect(() => close('/usr/bin/prog')).toThrow(/^libgone\.so not found, needed by \/usr\/bin\/prog\n {2}searched/);
  });

  test('is not replaced by one for another architecture', () => {
    library('libx.so');
    const file = new DirectoryRoot(fixture.directory).read('/usr/lib/libx.so');
    file[18] = 183;
    fixture.write({ '/usr/lib/libx.so': file });
    program('libx.so');
    expect(() => close('/usr/bin/prog')).toThrow('libx.so not found');
  });
});

describe('the loader that a program names', () => {
  test('is in the process from the start', () => {
    program();
    const process = close('/usr/bin/prog');
    expect(process.interpreter).toMatchObject({ path: '/lib64/ld-linux-x86-64.so.2', real: `/usr/lib/${TRIPLET}/ld-linux-x86-64.so.2` });
    expect(process.objects).toHaveLength(1);
  });

  test('is an error if it does not exist', () => {
    fixture.program('/usr/bin/prog', { flags: ['-Wl,--dynamic-linker,/lib/ld-other.so.1'] });
    expect(() => close('/usr/bin/prog')).toThrow(MissingInterpreterError);
    expect(() => close('/usr/bin/prog')).toThrow(
      '/usr/bin/prog requires the loader /lib/ld-other.so.1, which does not exist: install the C library that the program was built for',
    );
  });

  test('is absent for a static program', () => {
    fixture.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    const { objects, interpreter } = close('/usr/bin/prog');
    expect(objects.map(({ path }) => path)).toEqual(['/usr/bin/prog']);
    expect(interpreter).toBeUndefined();
  });
});

describe('a library that a program opens later', () => {
  test('is loaded with the libraries that it needs and that are not loaded yet', () => {
    library('liba.so');
    library('libb.so');
    fixture.library('/usr/lib/plugins/plugin.so', { needs: ['liba.so', 'libb.so'] });
    program('liba.so');
    const process = close('/usr/bin/prog');
    const plugin = process.openFile('/usr/lib/plugins/plugin.so', process.program, 'plug-in');
    expect(plugin).toMatchObject({ path: '/usr/lib/plugins/plugin.so', reason: 'plug-in' });
    expect(process.objects.map(({ path }) => path)).toEqual([
      '/usr/bin/prog',
      '/lib/liba.so',
      '/usr/lib/plugins/plugin.so',
      '/lib/libb.so',
    ]);
    expect(chainOf(process.objects[3])).toBe('prog → plugin.so → libb.so');
  });

  test('is searched for in the DT_RPATH of the object that opens it, and of the program', () => {
    fixture.library('/p/plugin.so');
    fixture.program('/usr/bin/prog', { rpath: '/p' });
    const process = close('/usr/bin/prog');
    expect(process.openName('plugin.so', process.program)).toMatchObject({ path: '/p/plugin.so', reason: 'rpath of prog' });
    expect(process.openName('gone.so', process.program)).toBeUndefined();
  });

  test('is loaded once, however often it is opened', () => {
    fixture.library('/p/plugin.so', { soname: '' });
    fixture.program('/usr/bin/prog', { rpath: '/p' });
    const process = close('/usr/bin/prog');
    const once = process.openName('plugin.so', process.program);
    expect(process.openFile('/p/plugin.so', process.program, 'plug-in')).toBe(once);
    expect(process.openName('plugin.so', process.program)).toBe(once);
  });

  test('leaves nothing behind if it cannot be loaded', () => {
    library('libb.so', 'libgone.so');
    fixture.library('/usr/lib/plugins/plugin.so', { needs: ['liba.so', 'libb.so'] });
    library('liba.so');
    program();
    const process = close('/usr/bin/prog');
    expect(() => process.openFile('/usr/lib/plugins/plugin.so', process.program, 'plug-in')).toThrow('libgone.so not found');
    expect(process.objects).toHaveLength(1);
    expect(() => process.openName('libb.so', process.program)).toThrow('libgone.so not found');
    expect(process.openName('liba.so', process.program)).toMatchObject({ path: '/lib/liba.so' });
  });
});
