import { execFileSync } from 'child_process';
import { find, LIB, libraryWith, makeFound, Packaged, programWith } from './packaged';

const MODULES = '/usr/lib/python3/dist-packages';
let root: Packaged;

beforeEach(() => {
  root = new Packaged();
  root.install('base', { '/usr/sbin/ldconfig': programWith() }, { Essential: 'yes' });
  root.write({ '/sbin': { link: 'usr/sbin' } });
  root.install('python3', {
    '/usr/bin/python3': programWith(), '/usr/lib/python3/util.py': 'Popen([\'/sbin/ldconfig\', \'-p\'])\n',
  });
  root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3\nimport db\n' }, { Depends: 'python3, python3-db' });
  root.install('libdb5', { [`${LIB}/libdb.so.5.1`]: libraryWith('libdb.so.5'), [`${LIB}/libdb.so.5`]: { link: 'libdb.so.5.1' } });
});

const installModule = (text: string, depends: string) => (
  root.install('python3-db', { [`${MODULES}/db.py`]: text }, { Depends: `python3, ${depends}` }));

describe('a library that a module of a package looks for', () => {
  test.each([
    ['without "lib" and its version', 'find_library("db")'],
    ['by its soname', 'CDLL(\'libdb.so.5\')'],
  ])('%s is packed if the package depends on that of the library', (_, call) => {
    installModule(`path = ctypes.util.${call}\n`, 'libdb5');
    expect(find(root).all).toEqual(expect.arrayContaining([`${LIB}/libdb.so.5`, `${LIB}/libdb.so.5.1`]));
  });

  test('is not packed if the package does not depend on that of the library', () => {
    installModule('path = ctypes.util.find_library("db")\n', 'python3');
    expect(find(root).all).not.toContain(`${LIB}/libdb.so.5`);
  });

  test.each([
    '"/usr/lib/#{CONFIG[\'arch\']}/libdb.#{ending}"',
    'f"libdb.{ending}"',
  ])('by a name whose ending depends on the system is packed with the link of that name: %s', (name) => {
    root.install('libdb-dev', { [`${LIB}/libdb.so`]: { link: 'libdb.so.5.1' } }, { Depends: 'libdb5' });
    installModule(`CDLL(${name})\n`, 'libdb-dev');
    expect(find(root).all).toEqual(expect.arrayContaining([`${LIB}/libdb.so`, `${LIB}/libdb.so.5.1`]));
  });

  test('is listed by the stand-in for ldconfig that Python runs', async () => {
    installModule('path = ctypes.util.find_library("db")\n', 'libdb5');
    const { mirrored } = await makeFound(root);
    expect(execFileSync(`${mirrored}/usr/sbin/ldconfig`, ['-p'], { encoding: 'utf8' })).toMatch(/^\tlibdb\.so\.5 \(libc6,x86-64\) => libdb\.so\.5$/m);
  });
});

test('no stand-in for ldconfig is packed if no module looks for a library', () => {
  installModule('import os\n', 'libdb5');
  expect(find(root).all).not.toContain('/usr/sbin/ldconfig');
});
