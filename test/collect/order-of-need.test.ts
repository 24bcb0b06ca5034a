/**
 * The contents of a layer must not depend on what else is installed: packages that the requested ones neither depend on nor recommend
 * get the room that is left.
 */
import * as fs from 'fs';
import { find as findIn, LIB, libraryWith, LOADER, Packaged, programWith, writeAlternatives } from './packaged';
import type { FileEntry } from '../../lib/plan/layout/plan';
import { elfFile } from '../fixture';
import { plan } from '../plan/make';

const MB = 1e6;
const MODULES = '/usr/lib/python3/dist-packages';
let root: Packaged;

beforeEach(() => {
  root = new Packaged();
});

/** Without compression: see automatic-compression.test.ts. */
const find = (fixture: Packaged, binary = 'rig') => findIn(fixture, binary, { compress: false });

describe('a plug-in of a package from the same source package on which nothing depends', () => {
  beforeEach(() => {
    root.install(
      'client',
      { '/usr/bin/rig': programWith('</usr/lib/db>'), '/usr/lib/db/client.so': libraryWith('client.so'), '/usr/share/client/data': '' },
      { Source: 'db' },
    );
    root.install('server', { '/usr/lib/db/jit.so': libraryWith('jit.so', '', ['libjit.so.1']) }, { Source: 'db', Depends: 'libjit' });
    root.install('libjit', { [`${LIB}/libjit.so.1`]: libraryWith('libjit.so.1') });
  });

  test('is packed with its libraries if there is room', () => {
    const { all, notices } = find(root);
    for (const file of ['/usr/lib/db/client.so', '/usr/lib/db/jit.so', `${LIB}/libjit.so.1`]) expect(all).toContain(file);
    expect(notices).toEqual([]);
  });

  test('is left out with a notice if its libraries would make the layer too large', () => {
    root.enlarge(`${LIB}/libjit.so.1`, 200 * MB);
    root.enlarge('/usr/share/client/data', 80 * MB);
    const { all, skipped, notices } = find(root);
    expect(all).toContain('/usr/lib/db/client.so');
    expect(all).toContain('/usr/share/client/data');
    for (const file of ['/usr/lib/db/jit.so', `${LIB}/libjit.so.1`]) expect(all).not.toContain(file);
    expect(skipped.get('/usr/lib/db/jit.so')).toBe(
      'in a directory of package client, but the layer has no room for 200.0 MB: name it in include if it is needed',
    );
    expect(notices).toEqual([
      'the layer is full, and does not contain all add-ons: server (200.0 MB); list files that you need in include: they ' +
        'are packed first',
    ]);
  });
});

test('a directory that a library names only by two strings comes after larger data that the library mentions', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['libb.so.1']), '/usr/share/rig/data': '' }, { Depends: 'libb' });
  root.install('libb', {
    [`${LIB}/libb.so.1`]: libraryWith('libb.so.1', `\0${LIB}\0plug-0.4\0/usr/share/fonts\0`),
    [`${LIB}/plug-0.4/small`]: '',
    '/usr/share/fonts/large': '',
  });
  root.enlarge('/usr/share/rig/data', 225 * MB);
  root.enlarge(`${LIB}/plug-0.4/small`, 20 * MB);
  root.enlarge('/usr/share/fonts/large', 30 * MB);
  const { all, skipped } = find(root);
  expect(all).toContain('/usr/share/fonts/large');
  expect(skipped.get(`${LIB}/plug-0.4`)).toContain('the layer has no room for 20.0 MB');
});

test('an edit that enlarges the program counts: the layer is not filled with add-ons up to its limit', () => {
  const names = `/${'x'.repeat(5 * MB)}`;
  root.install('rig', { '/usr/bin/rig': elfFile({ interpreter: LOADER, runpath: names, text: '</usr/lib/rig>' }), '/usr/lib/rig/one': '' });
  root.install('extra', { '/usr/lib/rig/extra': '' }, { Depends: 'rig' });
  root.enlarge('/usr/lib/rig/one', 150 * MB);
  root.enlarge('/usr/lib/rig/extra', 103 * MB);
  const { all, skipped } = find(root);
  expect(all).toContain('/usr/lib/rig/one');
  expect(skipped.get('/usr/lib/rig/extra')).toMatch(/, but the layer has no room for 103\.0 MB/);
});

test('data that a library mentions is packed before an add-on, even if the add-on is smaller', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']), '/usr/lib/rig/one': '' }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/liba/table>'), '/usr/share/liba/table': '' });
  root.install('extra', { '/usr/lib/rig/extra': '' }, { Depends: 'rig' }).install('more', { '/usr/lib/rig/more': '' }, { Depends: 'rig' });
  root.enlarge('/usr/share/liba/table', 30 * MB);
  root.enlarge('/usr/lib/rig/extra', 20 * MB);
  root.enlarge('/usr/lib/rig/more', 220 * MB);
  const { data } = find(root);
  expect(data).toEqual(['/usr/bin/rig', '/usr/lib/rig/extra', '/usr/lib/rig/one', '/usr/share/liba/table']);
});

test('an add-on that stands on its own is packed before those that depend on other add-ons, so a layer does not lose it to these', () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/one': '' });
  root.install('rig-base', { '/usr/lib/rig/base': '' }, { Depends: 'rig' });
  root.enlarge('/usr/lib/rig/base', 120 * MB);
  const lean = find(root).data;
  root.install('rig-small', { '/usr/lib/rig/small': '' }, { Depends: 'rig' });
  for (const name of ['rig-a', 'rig-b']) {
    root.install(name, { [`/usr/lib/${name.replace('-', '/')}`]: '' }, { Depends: 'rig, rig-small' });
    root.enlarge(`/usr/lib/${name.replace('-', '/')}`, 100 * MB);
  }
  const { data, notices } = find(root);
  expect(lean).toEqual(['/usr/bin/rig', '/usr/lib/rig/base', '/usr/lib/rig/one']);
  expect(data).toEqual(['/usr/bin/rig', '/usr/lib/rig/a', '/usr/lib/rig/base', '/usr/lib/rig/one', '/usr/lib/rig/small']);
  expect(notices).toEqual([expect.stringContaining('does not contain all add-ons: rig-b (100.0 MB)')]);
});

describe('plug-ins from the same source package that exceed the size budget of an add-on', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/lib/rig/plugins>'), '/usr/lib/rig/plugins/one': '' });
    root.install('rig-plugins', { '/usr/lib/rig/plugins/two': '' }, { Source: 'rig' });
    root.enlarge('/usr/lib/rig/plugins/two', 200 * MB);
  });
  const extend = () => {
    root.install('extra', { '/usr/lib/rig/plugins/extra': '' }, { Depends: 'rig' });
    root.enlarge('/usr/lib/rig/plugins/extra', 100 * MB);
  };

  test('are packed if there is room', () => {
    expect(find(root)).toMatchObject({ data: expect.arrayContaining(['/usr/lib/rig/plugins/two']), notices: [] });
  });

  test('are packed after other add-ons', () => {
    extend();
    const { data, notices } = find(root);
    expect(data).toContain('/usr/lib/rig/plugins/extra');
    expect(data).not.toContain('/usr/lib/rig/plugins/two');
    expect(notices).toEqual([expect.stringContaining('the layer is full, and does not contain all add-ons: rig-plugins (200.0 MB)')]);
  });

  test('are left out with a notice if they are from another source package', () => {
    root.install('rig-plugins', { '/usr/lib/rig/plugins/two': [] }, { Depends: 'rig' });
    const { data, notices } = find(root);
    expect(data).not.toContain('/usr/lib/rig/plugins/two');
    expect(notices).toEqual([expect.stringContaining('large add-ons are packed only if they are included: rig-plugins (200.0 MB)')]);
  });
});

test('a smaller alternative of a library is packed with an add-on that has no room otherwise', () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/lib/rig/one': '' });
  root.install('rig-x', { '/usr/lib/rig/x.so': libraryWith('', '', ['libx.so.3']) }, { Depends: 'rig' });
  writeAlternatives(root);
  root.enlarge(`${LIB}/large/libx.so.3`, 110 * MB);
  root.enlarge('/usr/lib/rig/one', 100 * MB);
  expect(find(root).all).toEqual(expect.arrayContaining(['/usr/lib/rig/x.so', `${LIB}/large/libx.so.3`]));
  root.enlarge('/usr/lib/rig/one', 200 * MB);
  const { all, notices } = find(root);
  expect(all).toEqual(expect.arrayContaining(['/usr/lib/rig/x.so', `${LIB}/small/libx.so.3`]));
  expect(all).not.toContain(`${LIB}/large/libx.so.3`);
  expect(notices).toEqual([expect.stringContaining(`the layer has ${LIB}/small/libx.so.3 as libx.so.3 instead of ${LIB}/large/libx.so.3`)]);
});

/** A script with a module that depends on two others, one of which needs a library with a smaller alternative. */
function installModules(relations: Readonly<Record<string, string>>): void {
  root.install('python3', { '/usr/bin/python3': programWith() });
  root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3\n' }, { Depends: 'python3, python3-near' });
  root.install('python3-near', { [`${MODULES}/near.py`]: '' }, relations);
  root.install(
    'python3-x',
    { [`${MODULES}/x/x.so`]: libraryWith('', '', ['libx.so.3']), [`${MODULES}/x/table`]: '' },
    { Depends: 'python3' },
  );
  root.install('python3-other', { [`${MODULES}/other/table`]: '' }, { Depends: 'python3' });
  writeAlternatives(root);
  root.enlarge(`${LIB}/large/libx.so.3`, 200 * MB);
}

test('a smaller alternative of a library is not packed if the package that needs it then takes the room of another', () => {
  installModules({ Depends: 'python3, python3-x, python3-other' });
  root.enlarge(`${MODULES}/x/table`, 100 * MB);
  root.enlarge(`${MODULES}/other/table`, 190 * MB);
  const { all, notices } = find(root);
  expect(all).toContain(`${MODULES}/other/table`);
  expect(all).not.toContain(`${MODULES}/x/table`);
  expect(notices).toEqual([expect.stringContaining('does not contain all files that the program may need: python3-x (300.0 MB)')]);
});

test('a smaller alternative of a library is packed even if the package that needs it takes the room of a recommended one', () => {
  installModules({ Depends: 'python3, python3-x', Recommends: 'python3-other' });
  root.enlarge(`${MODULES}/x/table`, 150 * MB);
  root.enlarge(`${MODULES}/other/table`, 120 * MB);
  const { all } = find(root);
  expect(all).toContain(`${MODULES}/x/table`);
  expect(all).toContain(`${LIB}/small/libx.so.3`);
  expect(all).not.toContain(`${MODULES}/other/table`);
});

test('a layer without room for data that a library mentions has a notice', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']), '/usr/lib/rig/one': '' }, { Depends: 'liba' });
  root.install('liba', {
    [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/liba/table></usr/share/liba/names>'),
    '/usr/share/liba/table': '',
    '/usr/share/liba/names': '',
  });
  root.enlarge('/usr/lib/rig/one', 240 * MB);
  root.enlarge('/usr/share/liba/table', 30 * MB);
  const { data, notices } = find(root);
  expect(data).toEqual(['/usr/bin/rig', '/usr/lib/rig/one', '/usr/share/liba/names']);
  expect(notices).toEqual([
    'the layer is full, and does not contain all files that the program may need: /usr/share/liba/table of liba (30.0 MB); list ' +
      'files that you need in include: they are packed first',
  ]);
});

test('a directory that several packages list counts for the package that is needed', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']) }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', '</usr/share/tables>') }, { Depends: 'tables' });
  root.install('tables', { '/usr/share/tables/sub/one': '' });
  const { data } = find(root);
  root.install('aaa', { '/usr/share/tables/sub/other': '' });
  expect(data).toContain('/usr/share/tables/sub/one');
  expect(find(root).data).toEqual(data);
});

test('a helper that is also started by name keeps the plug-ins that it has loaded', () => {
  root.install('rig', {
    '/usr/bin/rig': programWith(),
    '/usr/lib/rig/helper': programWith('</usr/lib/plug/plug.so>'),
    '/usr/lib/rig/run': '#!/bin/sh\nhelper\n',
    '/usr/bin/helper': { link: '../lib/rig/helper' },
    '/bin/sh': programWith(),
  }, { Depends: 'plug' });
  fs.chmodSync(root.locate('/usr/lib/rig/run'), 0o755);
  root.library('/usr/lib/plug/plug.so', { needs: ['libp.so'], runpath: '/usr/lib/plug/private' });
  root.library('/usr/lib/plug/private/libp.so');
  root.install('plug', { '/usr/lib/plug/plug.so': [], '/usr/lib/plug/private/libp.so': [] });
  const { plan: { entries, commands } } = plan(root, 'rig', { detectData: true });
  expect(commands).toHaveProperty('helper');
  const rpathOf = (file: string) => entries.find((entry): entry is FileEntry => entry.kind === 'file' && entry.path === file)?.edits?.rpath;
  expect(rpathOf('/usr/lib/plug/plug.so')).toBe('/opt/elf/{key}/usr/lib/plug/private');
  expect(rpathOf('/usr/lib/rig/helper')).toBe('/opt/elf/{key}/usr/lib/plug/private');
});

describe('modules of a script on which only other modules depend', () => {
  beforeEach(() => {
    root.install('python3', { '/usr/bin/python3': programWith() });
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3\n' }, { Depends: 'python3, python3-near' });
    root.install('python3-near', { [`${MODULES}/near.py`]: '' }, { Depends: 'python3, python3-large, python3-small' });
    root.install(
      'python3-large',
      { [`${MODULES}/large/code.py`]: '', [`${MODULES}/large/table`]: '' },
      { Depends: 'python3, python3-last' },
    );
    root.install('python3-small', { [`${MODULES}/small.py`]: '' }, { Depends: 'python3' });
    root.install('python3-last', { [`${MODULES}/last.py`]: '' }, { Depends: 'python3' });
  });

  test('are packed with their own dependencies if there is room', () => {
    const { data, notices } = find(root);
    for (const name of ['near.py', 'large/code.py', 'large/table', 'small.py', 'last.py']) expect(data).toContain(`${MODULES}/${name}`);
    expect(notices).toEqual([]);
  });

  test('are packed if the script is in another package of the same source package', () => {
    root.install('rig-script', { '/usr/bin/rig-script': '#!/usr/bin/python3\n' }, { Source: 'rig', Depends: 'python3, python3-rig' });
    root.install('python3-rig', { [`${MODULES}/rig.py`]: '' }, { Source: 'rig', Depends: 'python3, python3-near' });
    const { data } = find(root, 'rig-script');
    for (const name of ['rig.py', 'near.py', 'large/code.py', 'small.py', 'last.py']) expect(data).toContain(`${MODULES}/${name}`);
  });

  test('are packed smallest first in a layer without room for all of them, and a notice names the others', () => {
    root.enlarge(`${MODULES}/large/table`, 300 * MB);
    const { data, notices } = find(root);
    expect(data).toEqual(expect.arrayContaining([`${MODULES}/near.py`, `${MODULES}/small.py`]));
    expect(data.filter((file) => file.includes('large') || file.includes('last'))).toEqual([]);
    expect(notices).toEqual([
      'the layer is full, and does not contain all files that the program may need: python3-large (300.0 MB); list files ' +
        'that you need in include: they are packed first',
    ]);
  });

  test('are left out if the layer has no room for the commands that they start', () => {
    root.install('tool', { '/usr/bin/tool': programWith() }, { Source: 'python3-large' });
    root.install('python3-large', {}, { Depends: 'python3, python3-last, tool' });
    root.write({ [`${MODULES}/large/table`]: 'run tool now' });
    root.write({
      '/var/lib/dpkg/info/python3-large.list': `/.\n${MODULES}/large\n${MODULES}/large/code.py\n${MODULES}/large/table\n`,
    });
    const modules = () => find(root).data.filter((file) => /large|last|small|\/tool/.test(file));
    const all = ['/usr/bin/tool', `${MODULES}/large/code.py`, `${MODULES}/large/table`, `${MODULES}/last.py`, `${MODULES}/small.py`];
    expect(modules()).toEqual(all);
    root.enlarge('/usr/bin/tool', 180 * MB);
    root.enlarge(`${MODULES}/large/code.py`, 90 * MB);
    expect(modules()).toEqual([`${MODULES}/small.py`]);
    expect(find(root).notices).toEqual([expect.stringContaining('python3-large (270.0 MB)')]);
  });
});

describe('the package of a command that a requested package only recommends', () => {
  beforeEach(() => {
    root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
    root.install('rig', { '/usr/bin/rig': '#!/bin/sh\npaint\nmix\n', '/usr/share/rig/own': '' }, { Recommends: 'paint' });
    root.install('paint', {
      '/usr/bin/paint': programWith(),
      '/usr/bin/mix': programWith(),
      '/usr/lib/paint/plug.so.1.0': libraryWith('plug.so.1', '', ['libplug.so.1']),
      '/usr/lib/paint/plug.so.1': { link: 'plug.so.1.0' },
      '/usr/lib/paint/colours': '',
    }, { Depends: 'libplug' });
    root.install('libplug', { [`${LIB}/libplug.so.1`]: libraryWith('libplug.so.1') });
  });

  test('is packed with its plug-ins and links', () => {
    const { all } = find(root);
    const expected = [
      '/usr/bin/paint',
      '/usr/bin/mix',
      '/usr/lib/paint/plug.so.1',
      '/usr/lib/paint/plug.so.1.0',
      '/usr/lib/paint/colours',
      `${LIB}/libplug.so.1`,
    ];
    for (const file of expected) expect(all).toContain(file);
  });

  test('is packed file by file if the layer has no room for all of it', () => {
    root.enlarge('/usr/share/rig/own', 200 * MB);
    root.enlarge(`${LIB}/libplug.so.1`, 100 * MB);
    const { all, skipped } = find(root);
    for (const file of ['/usr/bin/paint', '/usr/bin/mix', '/usr/lib/paint/colours']) expect(all).toContain(file);
    for (const file of ['/usr/lib/paint/plug.so.1', '/usr/lib/paint/plug.so.1.0']) expect(all).not.toContain(file);
    expect(skipped.get('/usr/lib/paint/plug.so.1.0')).toContain('but the layer has no room for 100.0 MB');
  });
});

describe('if everything of the direct dependencies is too large for a layer', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/share/rig>'), '/usr/share/rig/own/names': '' }, { Depends: 'styles' });
    const styles = ['small/one', 'small/two', 'large/pictures', 'medium/font'];
    root.install('styles', Object.fromEntries(styles.map((name) => [`/usr/share/rig/${name}`, ''])));
    root.enlarge('/usr/share/rig/own/names', 100 * MB);
    root.enlarge('/usr/share/rig/medium/font', 60 * MB);
    root.enlarge('/usr/share/rig/large/pictures', 140 * MB);
  });

  test('the package of the program is packed, then as many directories of the dependencies as there is room for', () => {
    const { data } = find(root);
    const packed = ['medium/font', 'own/names', 'small/one', 'small/two'];
    expect(data).toEqual(['/usr/bin/rig', ...packed.map((name) => `/usr/share/rig/${name}`)]);
  });

  test('a notice lists the directories that the layer has no room for', () => {
    const notice = /^the layer is full, and does not contain all files that the program may need: .*large.* \(140\.0 MB\)/;
    expect(find(root).notices).toEqual([expect.stringMatching(notice)]);
  });

  test('files with the name of the program are packed first', () => {
    root.install('tool', { '/usr/bin/tool': programWith('</var/lib/formats></usr/share/rig>') }, { Depends: 'styles, formats' });
    root.install('formats', { '/var/lib/formats/common': '' });
    root.write({ '/var/lib/formats/large/tool.fmt': '', '/var/lib/formats/large/other.fmt': '' });
    root.enlarge('/var/lib/formats/large/tool.fmt', 90 * MB);
    root.enlarge('/var/lib/formats/large/other.fmt', 190 * MB);
    const { data } = find(root, 'tool');
    expect(data).toContain('/var/lib/formats/large/tool.fmt');
    expect(data).not.toContain('/var/lib/formats/large/other.fmt');
  });

  test('the data of the commands that the program starts is optional, too', () => {
    root.install('tool', { '/usr/bin/tool': programWith('\0paint\0') }, { Depends: 'painter' });
    const painter = { '/usr/share/painter/a/small': '', '/usr/share/painter/b/large': '', '/usr/share/painter/c/larger': '' };
    root.install('painter', { '/usr/bin/paint': programWith(), ...painter });
    root.enlarge('/usr/share/painter/b/large', 150 * MB);
    root.enlarge('/usr/share/painter/c/larger', 160 * MB);
    const { data } = find(root, 'tool');
    expect(data).toEqual(['/usr/bin/paint', '/usr/bin/tool', '/usr/share/painter/a/small', '/usr/share/painter/b/large']);
  });

  test('a script gets its smaller modules first, each whole, and a notice names the others', () => {
    root.install('python3', { '/usr/bin/python3': programWith() });
    root.install('tool', { '/usr/bin/tool': '#!/usr/bin/python3\n' }, { Depends: 'python3, python3-small, python3-large' });
    root.install('python3-small', { [`${MODULES}/small.py`]: '' }, { Depends: 'python3' });
    root.install('python3-large', { [`${MODULES}/large/one`]: '', [`${MODULES}/large/more/two`]: '' }, { Depends: 'python3' });
    root.enlarge(`${MODULES}/large/one`, 150 * MB);
    root.enlarge(`${MODULES}/large/more/two`, 160 * MB);
    const { data, notices } = find(root, 'tool');
    expect(data.filter((file) => file.startsWith(MODULES))).toEqual([`${MODULES}/small.py`]);
    expect(notices).toEqual([expect.stringMatching(/^the layer is full, and does not contain all files .*: python3-large \(310\.0 MB\)/)]);
  });

  test('a script gets the standard library of its interpreter, which is in another package', () => {
    root.install('python3-minimal', { '/usr/bin/python3': programWith() }, { Source: 'python3' });
    root.install('python3', {}, { Depends: 'python3-minimal, libpython3' }).install('python3-dev', { '/usr/lib/python3/dev': '' });
    root.install('libpython3', { '/usr/lib/python3/os.py': '' }, { Source: 'python3' });
    root.install('tool', { '/usr/bin/tool': '#!/usr/bin/python3\n' }, { Depends: 'python3, python3-large' });
    root.install('python3-large', { [`${MODULES}/large/one`]: '' }, { Depends: 'python3' });
    root.enlarge(`${MODULES}/large/one`, 250 * MB);
    root.enlarge('/usr/lib/python3/os.py', 20 * MB);
    expect(find(root, 'tool').data).toEqual(['/usr/bin/python3', '/usr/bin/tool', '/usr/lib/python3/os.py']);
  });

  test('a layer that is too large with the package of the program alone is rejected', () => {
    root.install('tool', { '/usr/bin/tool': programWith('</usr/share/tool>'), '/usr/share/tool/one': '', '/usr/share/tool/two': '' });
    root.enlarge('/usr/share/tool/one', 150 * MB);
    root.enlarge('/usr/share/tool/two', 160 * MB);
    expect(() => find(root, 'tool')).toThrow(/the layer would be 310\.0 MB unpacked/);
  });
});
