/**
 * A candidate that is rejected changes nothing: it adds no files, no libraries, and no data of its package.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

/** Installs a readable library, and one that is not world-readable. */
function installLibraries(): void {
  root.install('libs', { [`${LIB}/libopen.so.1`]: libraryWith('libopen.so.1'), [`${LIB}/libclosed.so.1`]: libraryWith('libclosed.so.1') });
  fs.chmodSync(root.locate(`${LIB}/libclosed.so.1`), 0o640);
}

const NEEDED = ['libopen.so.1', 'libclosed.so.1'];

test('a helper with a library that is not world-readable is skipped, and its other library is not packed', () => {
  installLibraries();
  root.install(
    'rig',
    { '/usr/bin/rig': programWith(), '/usr/lib/rig/helper': programWith('', NEEDED), '/usr/lib/rig/table': '' },
    { Depends: 'libs' },
  );
  const { all, skipped } = find(root);
  expect(all).toContain('/usr/lib/rig/table');
  expect(all).not.toContain('/usr/lib/rig/helper');
  expect(all).not.toContain(`${LIB}/libopen.so.1`);
  expect(skipped.get('/usr/lib/rig/helper')).toContain('libclosed.so.1');
});

test('a plug-in with a library that is not world-readable is skipped with its links and its other library', () => {
  installLibraries();
  root.install('rig', {
    '/usr/bin/rig': programWith(),
    '/usr/lib/rig/plugin.so.1.0': libraryWith('plugin.so.1', '', NEEDED),
    '/usr/lib/rig/plugin.so.1': { link: 'plugin.so.1.0' },
    '/usr/lib/rig/plugin.so': { link: 'plugin.so.1' },
    '/usr/lib/rig/table': '',
  }, { Depends: 'libs' });
  const { all, skipped } = find(root);
  expect(all.filter((file) => file.startsWith('/usr/lib/rig/') || file.startsWith(LIB))).toEqual(['/usr/lib/rig/table']);
  expect(skipped.get('/usr/lib/rig/plugin.so.1.0')).toContain('libclosed.so.1');
});

test('a command with a missing library does not take the data of its package from the next command of that package', () => {
  root.install('rig', { '/usr/bin/rig': programWith('\0one\0two\0') }, { Depends: 'tools' });
  root.install('tools', {
    '/usr/bin/one': programWith('', ['libmissing.so.1']),
    '/usr/bin/two': programWith(),
    '/usr/share/tools/table': '',
  });
  const { data, skipped } = find(root);
  expect(data).toEqual(['/usr/bin/rig', '/usr/bin/two', '/usr/share/tools/table']);
  expect(skipped.get('/usr/bin/one')).toContain('libmissing.so.1 not found');
});

test('a rejected command does not count as requested: dependencies of its package are not packed', () => {
  root.install('rig', { '/usr/bin/rig': programWith('\0one\0'), '/usr/share/rig/list': 'see /usr/share/other/' }, { Depends: 'tools' });
  root.install('tools', { '/usr/bin/one': programWith('', ['libmissing.so.1']) }, { Depends: 'other' });
  root.install('other', { '/usr/share/other/names': '' });
  expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/list']);
});

test('an exclude pattern that matches only a file of a rejected directory is reported as unused', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/big>') }, { Depends: 'big' });
  root.install('big', { '/usr/share/big/one': '', '/usr/share/big/two': '' });
  fs.truncateSync(root.locate('/usr/share/big/one'), 40_000_000);
  const { skipped, notices } = find(root, 'rig', { exclude: ['/usr/share/big/two'] });
  expect([...skipped.keys()]).toEqual(['/usr/share/big']);
  expect(notices).toEqual([
    expect.stringContaining('/usr/share/big of liba (40.0 MB)'), expect.stringContaining("exclude '/usr/share/big/two'"),
  ]);
});

describe('configuration that loads an extension', () => {
  const INI = 'extension=image.so\n';

  beforeEach(() => {
    root.install('lang', { '/usr/bin/lang': programWith('</etc/lang/conf.d>'), '/usr/lib/lang/text.so': libraryWith('text.so') });
    root.install('lang-image', { '/usr/lib/lang/image.so': libraryWith('image.so'), '/usr/share/lang-image/image.ini': INI }, {
      Depends: 'lang',
    });
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/lang\n' }, { Depends: 'lang' });
    const md5 = createHash('md5').update(INI).digest('hex');
    root.write({
      '/etc/lang/available/image.ini': INI,
      '/etc/lang/conf.d/20-image.ini': { link: '/etc/lang/available/image.ini' },
      '/etc/lang/conf.d/10-text.ini': 'extension=text.so\n',
      '/var/lib/dpkg/info/lang-image.md5sums': `${md5}  usr/share/lang-image/image.ini\n`,
      '/var/lib/dpkg/info/lang.md5sums': `${createHash('md5').update('extension=text.so\n').digest('hex')}  usr/share/lang/text.ini\n`,
    });
    root.install('lang-files', { '/etc/lang/conf.d': [], '/etc/lang/available': [] }, { Source: 'lang', Depends: 'lang' });
  });

  test('of an add-on is not packed for a script that does not need the add-on', () => {
    const { data, skipped } = find(root);
    expect(data).toContain('/etc/lang/conf.d/10-text.ini');
    expect(data).not.toContain('/usr/lib/lang/image.so');
    expect(data.filter((file) => file.endsWith('image.ini'))).toEqual([]);
    expect(skipped.get('/etc/lang/available/image.ini')).toBe('it loads /usr/lib/lang/image.so, which is not packed');
  });

  test('is packed with the extension for the interpreter itself', () => {
    const { data } = find(root, 'lang');
    expect(data).toEqual(expect.arrayContaining(['/etc/lang/conf.d/20-image.ini', '/usr/lib/lang/image.so']));
  });
});
