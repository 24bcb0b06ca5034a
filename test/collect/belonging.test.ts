import * as fs from 'fs';
import { find, libraryWith, LIB, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

describe('of the package of a program', () => {
  test('the data joins, wherever it lies', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '', '/etc/rig/rig.conf': '', '/usr/lib/rig/table': '', '/var/lib/rig/state': '' });
    expect(find(root).data).toEqual(['/etc/rig/rig.conf', '/usr/bin/rig', '/usr/lib/rig/table', '/usr/share/rig/names', '/var/lib/rig/state']);
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
  ])('%s does not', (_, file) => {
    root.install('rig', { '/usr/bin/rig': programWith(), [file]: file.includes('.so') ? libraryWith('librig-extra.so.1') : 'text' });
    expect(find(root).all).not.toContain(file);
  });

  test('the licence does, as well as that of each package of which something is in', () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['libx.so.1']), '/usr/share/doc/rig/copyright': '', '/usr/share/doc/rig/changelog.gz': '' }, { Depends: 'libx' });
    root.install('libx', { [`${LIB}/libx.so.1`]: libraryWith('libx.so.1'), '/usr/share/doc/libx/copyright': '' });
    root.install('liby', { '/usr/share/doc/liby/copyright': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/doc/libx/copyright', '/usr/share/doc/rig/copyright']);
  });

  test('nothing but what it needs joins where data is not to be found', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '' });
    expect(find(root, 'rig', { detectData: false }).data).toEqual(['/usr/bin/rig']);
  });

  test('what is excluded does not, and is reported', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '', '/usr/share/rig/streets': '' });
    const { data, skipped } = find(root, 'rig', { exclude: ['/usr/share/rig/str*'] });
    expect(data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
    expect(skipped.get('/usr/share/rig/streets')).toBe('excluded');
  });
});

describe('of other packages', () => {
  test('the data of those of the same source on which it depends joins, directly or not', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }, { Depends: 'rig-common' });
    root.install('rig-common', { '/usr/share/rig-common/one': '' }, { Source: 'rig', Depends: 'rig-data' });
    root.install('rig-data', { '/usr/share/rig-data/two': '' }, { Source: 'rig (1.0)' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig-common/one', '/usr/share/rig-data/two']);
  });

  test('the data of one of the same source on which it does not depend stays out', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }).install('rig-gui', { '/usr/share/rig-gui/one': '' }, { Source: 'rig' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('the data of another source stays out as long as nothing mentions it, though it depends on it', () => {
    root.install('rig', { '/usr/bin/rig': programWith() }, { Depends: 'other' }).install('other', { '/usr/share/other/one': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('a link of one package that is asked for, to a program of another, brings the data of both', () => {
    root.install('rig', { '/usr/bin/rig': { link: 'real-rig' }, '/usr/share/rig/one': '' });
    root.install('real-rig', { '/usr/bin/real-rig': programWith(), '/usr/share/real-rig/two': '' });
    expect(find(root).data).toEqual(['/usr/bin/real-rig', '/usr/bin/rig', '/usr/share/real-rig/two', '/usr/share/rig/one']);
  });
});

describe('in a directory of its own package', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/names': '' }, { Recommends: 'rig-fonts' });
  });

  test('what a package brings that depends on it is an add-on', () => {
    root.install('rig-german', { '/usr/share/rig/german/names': '' }, { Depends: 'rig (>= 1)', Source: 'rig-german' });
    expect(find(root).data).toContain('/usr/share/rig/german/names');
  });

  test('so is what a package brings that it recommends', () => {
    root.install('rig-fonts', { '/usr/share/rig/fonts/sans': '', '/usr/share/rig-fonts/serif': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/fonts/sans', '/usr/share/rig/names']);
  });

  test('what an unrelated package puts there is none', () => {
    root.install('stranger', { '/usr/share/rig/stranger/one': '', '/usr/share/rig/two': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('documentation of an add-on is none', () => {
    root.install('rig-german', { '/usr/share/rig/x.h': '', '/usr/share/doc/rig-german/README': '' }, { Depends: 'rig' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('a file or link that an installation made there joins', () => {
    root.write({ '/usr/share/rig/cache': '', '/usr/share/rig/link': { link: 'names' } });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/cache', '/usr/share/rig/link', '/usr/share/rig/names']);
  });

  test('a link there to what is somebody else\'s does not', () => {
    root.install('stranger', { '/usr/share/stranger/one': '' });
    root.write({ '/usr/share/rig/link': { link: '../stranger/one' } });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('a directory of no package does not join', () => {
    root.write({ '/usr/share/rig/users-own/one': '' });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/names']);
  });

  test('but __pycache__ does, as far as its source is there', () => {
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
  test('joins with the libraries that it needs', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/usr/lib/rig/helper': programWith('', ['libhelp.so.1']),
      '/usr/lib/rig/plugin.so': libraryWith('plugin.so', '', ['libplug.so.1']),
      [`${LIB}/libhelp.so.1`]: libraryWith('libhelp.so.1'),
      [`${LIB}/libplug.so.1`]: libraryWith('libplug.so.1'),
      [`${LIB}/librest.so.1`]: libraryWith('librest.so.1'),
    });
    const { all } = find(root);
    for (const file of ['/usr/lib/rig/helper', '/usr/lib/rig/plugin.so', `${LIB}/libhelp.so.1`, `${LIB}/libplug.so.1`]) expect(all).toContain(file);
    expect(all).not.toContain(`${LIB}/librest.so.1`);
  });

  test('is left out and reported where what it needs is not installed', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/plugin.so': libraryWith('plugin.so', '', ['libnone.so.1']) });
    const { all, skipped } = find(root);
    expect(all).not.toContain('/usr/lib/rig/plugin.so');
    expect(skipped.get('/usr/lib/rig/plugin.so')).toContain('libnone.so.1');
  });

  test('is no more than a file where it is for another machine', () => {
    const other = libraryWith('plugin.so', '', ['libnone.so.1']);
    other.writeUInt16LE(183, 18);
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/plugin.so': other });
    expect(find(root).all).toContain('/usr/lib/rig/plugin.so');
  });
});
