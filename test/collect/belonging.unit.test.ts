import * as fs from 'fs';
import { find, libraryWith, LIB, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

describe('the package of a requested program', () => {
  test('has its data packed from any directory', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/usr/share/rig/names': '',
      '/etc/rig/rig.conf': '',
      '/usr/lib/rig/table': '',
      '/var/lib/rig/state': '',
    });
    expect(find(root).data).toEqual([
      '/etc/rig/rig.conf',
      '/usr/bin/rig',
      '/usr/lib/rig/table',
      '/usr/share/rig/names',
      '/var/lib/rig/state',
    ]);
  });

  test.each([
    ['a man page', '/usr/share/man/man1/rig.1.gz'],
    ['documentation', '/usr/share/doc/rig/README.gz'],
    ['an example', '/usr/share/doc/rig/examples/copyright'],
    ['an info page', '/usr/share/info/rig.info.gz'],
    ['a translation', '/usr/share/locale/de/LC_MESSAGES/rig.mo'],
    ['a header', '/usr/include/rig.h'],
    ['a static library', `${LIB}/librig.a`],
    ['a static library of its own directory', '/usr/lib/rig/librig.a'],
    ['what pkg-config reads', `${LIB}/pkgconfig/rig.pc`],
    ['a debug file', '/usr/lib/debug/.build-id/00/rig.debug'],
    ['a completion', '/usr/share/bash-completion/completions/rig'],
    ['a desktop entry', '/usr/share/applications/rig.desktop'],
    ['another command', '/usr/bin/rig-admin'],
    ['a library that nothing needs', `${LIB}/librig-extra.so.1`],
  ])('does not have %s packed', (_, file) => {
    root.install('rig', { '/usr/bin/rig': programWith(), [file]: file.includes('.so') ? libraryWith('librig-extra.so.1') : 'text' });
    expect(find(root).all).not.toContain(file);
  });

  test.each([
    ['a compiler', '/usr/lib/rig/include/rig.h'],
    ['a standard library beside its source', '/usr/share/rig-1.0/src/runtime/rig.h'],
  ])('has the headers of %s packed', (_, file) => {
    root.install('rig', { '/usr/bin/rig': programWith(), [file]: 'text' });
    expect(find(root).all).toContain(file);
  });

  test('has its licence packed, like each package with a packed file', () => {
    root.install(
      'rig',
      { '/usr/bin/rig': programWith('', ['libx.so.1']), '/usr/share/doc/rig/copyright': '', '/usr/share/doc/rig/changelog.gz': '' },
      { Depends: 'libx' },
    );
    root.install('libx', { [`${LIB}/libx.so.1`]: libraryWith('libx.so.1'), '/usr/share/doc/libx/copyright': '' });
    root.install('liby', { '/usr/share/doc/liby/copyright': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/doc/libx/copyright', '/usr/share/doc/rig/copyright']);
  });

  test('has no data packed if detectData is false', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '' });
    expect(find(root, 'rig', { detectData: false }).data).toEqual(['/usr/bin/rig']);
  });

  test('has excluded data skipped with a reason', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '', '/usr/share/rig/streets': '' });
    const { data, skipped } = find(root, 'rig', { exclude: ['/usr/share/rig/str*'] });
    expect(data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
    expect(skipped.get('/usr/share/rig/streets')).toBe('excluded');
  });
});

describe('data of other packages', () => {
  test('is packed for direct and indirect dependencies from the same source package', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }, { Depends: 'rig-common' });
    root.install('rig-common', { '/usr/share/rig-common/one': '' }, { Source: 'rig', Depends: 'rig-data' });
    root.install('rig-data', { '/usr/share/rig-data/two': '' }, { Source: 'rig (1.0)' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig-common/one', '/usr/share/rig-data/two']);
  });

  test('is not packed for a package of the same source that is not a dependency', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }).install('rig-gui', { '/usr/share/rig-gui/one': '' }, { Source: 'rig' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('is not packed for a dependency from another source package unless something mentions it', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }, { Depends: 'other' }).install('other', { '/usr/share/other/one': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('is packed for both packages if the requested program is a link of one package to a program of the other', () => {
    root.install('rig', { '/usr/bin/rig': { link: 'real-rig' }, '/usr/share/rig/one': '' });
    root.install('real-rig', { '/usr/bin/real-rig': programWith(), '/usr/share/real-rig/two': '' });
    expect(find(root).data).toEqual(['/usr/bin/real-rig', '/usr/bin/rig', '/usr/share/real-rig/two', '/usr/share/rig/one']);
  });
});

describe('in a directory of the package of a requested program', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '' }, { Recommends: 'rig-fonts' });
  });

  test('files of a package that depends on it are packed as an add-on', () => {
    root.install('rig-german', { '/usr/share/rig/german/names': '' }, { Depends: 'rig (>= 1)', Source: 'rig-german' });
    expect(find(root).data).toContain('/usr/share/rig/german/names');
  });

  test('files of a package that it recommends are packed', () => {
    root.install('rig-fonts', { '/usr/share/rig/fonts/sans': '', '/usr/share/rig-fonts/serif': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/fonts/sans', '/usr/share/rig/names']);
  });

  test('files of an unrelated package are not packed', () => {
    root.install('stranger', { '/usr/share/rig/stranger/one': '', '/usr/share/rig/two': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('documentation of an add-on is not packed', () => {
    root.install('rig-german', { '/usr/share/rig/x.h': '', '/usr/share/doc/rig-german/README': '' }, { Depends: 'rig' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('a file or link that an installation generated is packed', () => {
    root.write({ '/usr/share/rig/cache': '', '/usr/share/rig/link': { link: 'names' } });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/cache', '/usr/share/rig/link', '/usr/share/rig/names']);
  });

  test('a link to a file of an unrelated package is not packed', () => {
    root.install('stranger', { '/usr/share/stranger/one': '' });
    root.write({ '/usr/share/rig/link': { link: '../stranger/one' } });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('a directory that no package owns is not packed', () => {
    root.write({ '/usr/share/rig/users-own/one': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('__pycache__ is packed for modules with a source file', () => {
    const source = 'x = 1\n';
    root.install('rig-python', { '/usr/share/rig/m.py': source }, { Depends: 'rig' });
    fs.utimesSync(root.locate('/usr/share/rig/m.py'), 1e9, 1e9);
    const bytecode = Buffer.alloc(20);
    bytecode.writeUInt32LE(1e9, 8);
    bytecode.writeUInt32LE(source.length, 12);
    root.write({ '/usr/share/rig/__pycache__/m.cpython-311.pyc': bytecode, '/usr/share/rig/__pycache__/gone.cpython-311.pyc': bytecode });
    const { data, skipped } = find(root);
    expect(data).toContain('/usr/share/rig/__pycache__/m.cpython-311.pyc');
    expect(data).not.toContain('/usr/share/rig/__pycache__/gone.cpython-311.pyc');
    expect(skipped.get('/usr/share/rig/__pycache__/gone.cpython-311.pyc')).toMatch(/bytecode/);
  });
});

describe('a helper or plug-in among the data', () => {
  test('is packed with the libraries that it needs', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/usr/lib/rig/helper': programWith('', ['libhelp.so.1']),
      '/usr/lib/rig/plugin.so': libraryWith('plugin.so', '', ['libplug.so.1']),
      [`${LIB}/libhelp.so.1`]: libraryWith('libhelp.so.1'),
      [`${LIB}/libplug.so.1`]: libraryWith('libplug.so.1'),
      [`${LIB}/librest.so.1`]: libraryWith('librest.so.1'),
    });
    const { all } = find(root);
    for (const file of ['/usr/lib/rig/helper', '/usr/lib/rig/plugin.so', `${LIB}/libhelp.so.1`, `${LIB}/libplug.so.1`]) {
      expect(all).toContain(file);
    }
    expect(all).not.toContain(`${LIB}/librest.so.1`);
  });

  test('is skipped with a reason if a library that it needs is not installed', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/plugin.so': libraryWith('plugin.so', '', ['libnone.so.1']) });
    const { all, skipped } = find(root);
    expect(all).not.toContain('/usr/lib/rig/plugin.so');
    expect(skipped.get('/usr/lib/rig/plugin.so')).toContain('libnone.so.1');
  });

  test('is packed as a plain file if it is for another machine', () => {
    const other = libraryWith('plugin.so', '', ['libnone.so.1']);
    other.writeUInt16LE(183, 18);
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/plugin.so': other });
    expect(find(root).all).toContain('/usr/lib/rig/plugin.so');
  });
});
