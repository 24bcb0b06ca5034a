import { mappedByMusl, reasons, refused, resolve } from './agree';
import { MissingLibraryError } from '../../lib/closure/closure';
import { UnloadableError } from '../../lib/loader/search';
import { elfHeader, Fixture, MUSL_LOADER } from '../fixture';

/** Files made by a test, and the program `/usr/bin/prog`. */
let root: Fixture;
beforeEach(() => {
  root = new Fixture().alpine();
});

/** Each result is also compared with that of the machine's own musl: see agree.ts. */
const libraries = (situation = {}) => mappedByMusl(root, '/usr/bin/prog', situation);
const complaint = (situation = {}) => refused(root, '/usr/bin/prog', situation, MUSL_LOADER);

describe('the search order of musl', () => {
  const PLACES = ['/environment', '/own', '/up', '/main', '/lib', '/usr/local/lib', '/usr/lib'];

  test('is LD_LIBRARY_PATH, the search paths from the requesting object up to the program, the default directories', () => {
    const needs = PLACES.map((_, index) => `libin${index}.so`);
    root.library('/stub.so', { soname: '' });
    for (const [index, name] of needs.entries()) {
      for (const place of PLACES.slice(index)) root.copy(root.locate('/stub.so'), `${place}/${name}`);
    }
    root.library('/l/libb.so', { needs, rpath: '/own' });
    root.library('/l/liba.so', { needs: ['libb.so'], runpath: '/up:/l' });
    root.muslProgram('/usr/bin/prog', { needs: ['liba.so'], runpath: '/main:/l' });
    const situation = { env: { LD_LIBRARY_PATH: '/environment' } };
    expect(libraries(situation).slice(2)).toEqual(PLACES.map((place, index) => `${place}/${needs[index]}`));
    expect(Object.values(reasons(root, '/usr/bin/prog', situation)).slice(2)).toEqual([
      'LD_LIBRARY_PATH',
      'rpath of libb.so',
      'runpath of liba.so',
      'runpath of prog',
      'default directory',
      'default directory',
      'default directory',
    ]);
  });

  test('puts LD_LIBRARY_PATH before DT_RPATH', () => {
    for (const place of ['/environment', '/main']) root.library(`${place}/libx.so`);
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'], rpath: '/main' });
    expect(libraries({ env: { LD_LIBRARY_PATH: '/nowhere::/environment' } })).toEqual(['/environment/libx.so']);
    expect(libraries()).toEqual(['/main/libx.so']);
  });

  test('puts /lib before /usr/local/lib before /usr/lib', () => {
    root.library('/usr/lib/liba.so');
    for (const place of ['/usr/local/lib', '/usr/lib']) root.library(`${place}/libb.so`);
    for (const place of ['/lib', '/usr/local/lib', '/usr/lib']) root.library(`${place}/libc1.so`);
    root.muslProgram('/usr/bin/prog', { needs: ['liba.so', 'libb.so', 'libc1.so'] });
    expect(libraries()).toEqual(['/usr/lib/liba.so', '/usr/local/lib/libb.so', '/lib/libc1.so']);
  });
});

describe('DT_RPATH and DT_RUNPATH', () => {
  test('are both inherited', () => {
    root.library('/main/libx.so');
    root.library('/main/liba.so', { needs: ['libx.so'], runpath: '/nowhere' });
    root.muslProgram('/usr/bin/prog', { needs: ['liba.so'], runpath: '/main' });
    expect(libraries()).toEqual(['/main/liba.so', '/main/libx.so']);
  });

  test.each(['$ORIGIN/../lib1', '${ORIGIN}/../lib1', '/nowhere:$ORIGIN/../lib1'])(
    'may contain %s, which is the directory of the program\'s resolved path',
    (runpath) => {
      root.library('/real/lib1/libx.so');
      root.muslProgram('/real/bin/prog', { needs: ['libx.so'], runpath });
      root.write({ '/usr/bin/prog': { link: '/real/bin/prog' } });
      expect(resolve(root, '/usr/bin/prog').objects[1].path).toBe('/real/lib1/libx.so');
    },
  );

  test('may contain $ORIGIN in a library, which is the directory where it was found, not where a link leads', () => {
    root.library('/found/libx.so');
    root.library('/real/liba.so', { needs: ['libx.so'], runpath: '$ORIGIN' });
    root.write({ '/found/liba.so': { link: '/real/liba.so' } });
    root.muslProgram('/usr/bin/prog', { needs: ['liba.so'], runpath: '/found' });
    expect(libraries()).toEqual(['/found/liba.so', '/found/libx.so']);
  });

  test.each(['$LIB', '${PLATFORM}', '$ORIGINAL/$OTHER'])('are ignored with any other token, such as %s', (token) => {
    root.library('/main/libx.so');
    root.library('/usr/lib/libx.so');
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'], runpath: `/main:/${token}` });
    expect(libraries()).toEqual(['/usr/lib/libx.so']);
  });
});

describe('the file of default directories', () => {
  test.each([
    ['lines', '/first\n/second\n'],
    ['colons', '/first:/second'],
    ['both, and nothing between some', ':/nowhere::\n/first\n\n/second:'],
  ])('replaces the built-in default directories: %s', (_, text) => {
    for (const place of ['/second', '/usr/lib']) root.library(`${place}/libx.so`);
    root.write({ '/etc/ld-musl-x86_64.path': text });
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
    expect(libraries()).toEqual(['/second/libx.so']);
  });

  test('may be empty, which leaves no default directories', () => {
    root.library('/usr/lib/libx.so');
    root.write({ '/etc/ld-musl-x86_64.path': '' });
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
    expect(complaint()).toContain('libx.so not found, needed by /usr/bin/prog');
  });

  test('is below the prefix of the loader that the program names', () => {
    root.copy(MUSL_LOADER, '/opt/musl/lib/ld-musl-x86_64.so.1');
    for (const place of ['/opt/lib', '/etc/lib', '/usr/lib']) root.library(`${place}/libx.so`);
    root.write({ '/opt/musl/etc/ld-musl-x86_64.path': '/opt/lib', '/etc/ld-musl-x86_64.path': '/etc/lib' });
    root.program('/usr/bin/prog', { needs: ['libx.so'], flags: ['-Wl,--dynamic-linker=/opt/musl/lib/ld-musl-x86_64.so.1'] });
    expect(libraries()).toEqual(['/opt/lib/libx.so']);
  });
});

describe('a loaded library', () => {
  test('matches the name by which it was searched for', () => {
    root.library('/a/libx.so', { soname: '' });
    root.library('/b/libx.so', { soname: '' });
    root.library('/a/libb.so', { needs: ['libx.so'], runpath: '/b' });
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so', 'libb.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libx.so', '/a/libb.so']);
  });

  test('does not match its DT_SONAME', () => {
    root.library('/usr/lib/libx.so');
    root.library('/a/libfile.so', { soname: 'libx.so' });
    root.muslProgram('/usr/bin/prog', { needs: ['libfile.so', 'libx.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libfile.so', '/usr/lib/libx.so']);
  });

  test('matches its file under any name', () => {
    root.library('/a/libreal.so', { soname: '' });
    root.write({ '/a/libone.so': { link: 'libreal.so' }, '/b/libtwo.so': { link: '../a/libreal.so' } });
    root.muslProgram('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so', '/a/libreal.so'], runpath: '/a:/b' });
    expect(libraries()).toEqual(['/a/libone.so']);
  });

  test('matches only the first of its names', () => {
    root.library('/a/libone.so', { soname: '' });
    root.write({ '/a/libtwo.so': { link: 'libone.so' } });
    root.library('/b/libtwo.so', { soname: '' });
    root.library('/a/libb.so', { needs: ['libtwo.so'], runpath: '/b' });
    root.muslProgram('/usr/bin/prog', { needs: ['libone.so', 'libtwo.so', 'libb.so'], runpath: '/a' });
    expect(libraries()).toEqual(['/a/libone.so', '/a/libb.so', '/b/libtwo.so']);
  });

  test('does not match its name if it was requested by a path', () => {
    root.library('/a/libx.so', { soname: '' });
    root.library('/b/libx.so', { soname: '' });
    root.muslProgram('/usr/bin/prog', { needs: ['/a/libx.so', 'libx.so'], runpath: '/b' });
    expect(libraries()).toEqual(['/a/libx.so', '/b/libx.so']);
  });
});

describe('musl itself', () => {
  test.each([
    'libc.so',
    'libc.musl-x86_64.so.1',
    'libc.so.6',
    'libm.so.6',
    'libpthread.so.0',
    'librt.so.1',
    'libdl.so.2',
    'libutil.so.1',
    'libxnet.so',
  ])('matches %s', (name) => {
    root.library(`/environment/${name}`);
    root.muslProgram('/usr/bin/prog', { needs: [name] });
    expect(libraries({ env: { LD_LIBRARY_PATH: '/environment' } })).toEqual([MUSL_LOADER]);
  });

  test.each(['libcrypt.so.1', 'libmagic.so', 'libcc.so', 'libresolv.so.2'])('does not match %s', (name) => {
    root.library(`/usr/lib/${name}`);
    root.muslProgram('/usr/bin/prog', { needs: [name] });
    expect(libraries()).toEqual([`/usr/lib/${name}`]);
  });

  test('is mapped at its first use', () => {
    root.library('/usr/lib/liba.so', { needs: ['libc.so'] });
    root.library('/usr/lib/libb.so');
    root.muslProgram('/usr/bin/prog', { needs: ['liba.so', 'libb.so'] });
    expect(libraries()).toEqual(['/usr/lib/liba.so', '/usr/lib/libb.so', MUSL_LOADER]);
  });
});

describe('the search ends with an error at', () => {
  beforeEach(() => {
    root.library('/usr/lib/libx.so');
    root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
  });

  test.each([
    ['a directory', () => root.directories('/lib/libx.so')],
    ['an empty file', () => root.write({ '/lib/libx.so': '' })],
    ['a file of 32 bits', () => root.write({ '/lib/libx.so': elfHeader({ bits: 32, type: 3, machine: 3 }) })],
  ])('%s', (_, make) => {
    make();
    expect(complaint()).toMatch(/^\/lib\/libx\.so is not a library[: ]/);
    expect(() => resolve(root, '/usr/bin/prog')).toThrow(UnloadableError);
  });

  test('a library for another architecture', () => {
    root.write({ '/lib/libx.so': elfHeader({ type: 3, machine: 183 }) });
    expect(complaint()).toContain('/lib/libx.so is a library for aarch64, expected one for x86_64; musl uses the first file with the name');
  });
});

test('a link without a target is skipped', () => {
  root.write({ '/lib/libx.so': { link: 'nowhere' } });
  root.library('/usr/lib/libx.so');
  root.muslProgram('/usr/bin/prog', { needs: ['libx.so'] });
  expect(libraries()).toEqual(['/usr/lib/libx.so']);
});

test('a missing library is an error with each place that was searched', () => {
  root.library('/usr/lib/liba.so', { needs: ['libmissing.so'], runpath: '/own' });
  root.muslProgram('/usr/bin/prog', { needs: ['liba.so'], runpath: '/main' });
  expect(() => resolve(root, '/usr/bin/prog')).toThrow(MissingLibraryError);
  expect(complaint()).toContain(
    'searched: /own (runpath of liba.so), /main (runpath of prog), /lib (default directory), /usr/local/lib ' +
      '(default directory), /usr/lib (default directory)',
  );
});

test('a library that another library opens by name is searched for as if the program opened it', () => {
  root.library('/main/libopened.so');
  root.library('/own/libopened.so');
  root.library('/main/liba.so', { runpath: '/own' });
  root.muslProgram('/usr/bin/prog', { needs: ['liba.so'], runpath: '/main' });
  const process = resolve(root, '/usr/bin/prog');
  expect(process.openName('libopened.so', process.objects[1])?.path).toBe('/main/libopened.so');
});

test('DT_FILTER and DT_AUXILIARY are ignored', () => {
  root.library('/usr/lib/liba.so', { flags: ['-Wl,--filter,libmissing.so', '-Wl,--auxiliary,libb.so'] });
  root.library('/usr/lib/libb.so');
  root.muslProgram('/usr/bin/prog', { needs: ['liba.so'] });
  expect(libraries()).toEqual(['/usr/lib/liba.so']);
});

test('programs of both C libraries in one root are resolved by the rules of each', () => {
  const both = new Fixture().debian();
  both.copy(MUSL_LOADER, '/usr/lib/ld-musl-x86_64.so.1');
  for (const place of ['/environment', '/main']) both.library(`${place}/libx.so`);
  both.program('/usr/bin/glibc', { needs: ['libx.so'], rpath: '/main' });
  both.muslProgram('/usr/bin/musl', { needs: ['libx.so'], rpath: '/main' });
  const situation = { env: { LD_LIBRARY_PATH: '/environment' } };
  const found = ['glibc', 'musl'].map((name) => resolve(both, `/usr/bin/${name}`, situation).objects[1].path);
  expect(found).toEqual(['/main/libx.so', '/environment/libx.so']);
  expect(mappedByMusl(both, '/usr/bin/musl', situation)).toEqual(['/environment/libx.so']);
});
