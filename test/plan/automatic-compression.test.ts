/**
 * Compression of layers that would be too large otherwise, if the user does not state whether to compress.
 */
import * as fs from 'fs';
import { type FileEntry, sizeOf, temporaryBytes } from '../../lib/plan/layout/plan';
import type { LayerRequest } from '../../lib/plan/plan-layer';
import { find, LIB, libraryWith, Packaged, programWith, writeAlternatives } from '../collect/packaged';
import { errorOf, noise } from '../fixture';
import { plan } from './make';

const MB = 1e6;
const MODULES = '/usr/lib/python3/dist-packages';
let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const planned = (more: Partial<LayerRequest> = {}) => plan(root, 'rig', { detectData: true, ...more });
const compressedIn = ({ plan: { entries } }: ReturnType<typeof planned>) => (
  entries.filter((entry): entry is FileEntry => entry.kind === 'file' && entry.compressed !== undefined).map((entry) => entry.path));
const isCompression = (notice: string) => notice.startsWith('the layer would be');

describe('a layer whose own files are too large', () => {
  let layer: ReturnType<typeof planned>;
  beforeAll(() => {
    root = new Packaged();
    install();
    layer = planned();
  });
  beforeEach(install);

  function install(): void {
    root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/one': '', '/usr/share/rig/two': '2' });
    root.enlarge('/usr/share/rig/one', 150 * MB);
    root.enlarge('/usr/share/rig/two', 140 * MB);
  }

  test('is packed compressed, and a notice states why, how much is unpacked, and how to avoid it', () => {
    expect(compressedIn(layer)).toEqual(['/usr/share/rig/one', '/usr/share/rig/two']);
    expect(layer.notices).toEqual([
      'the layer would be 290.0 MB unpacked, and Lambda takes 262.1 MB: its 2 largest files are stored compressed. The first program ' +
        'that starts in an execution environment unpacks them to /tmp, which takes 290.0 MB there. To avoid this, exclude large files ' +
        'that the function does not need, or set detectData: false and list command lines in traceCommands, so that only the files that ' +
        'these open are packed. With compress: false, files are never compressed',
    ]);
  });

  test('is the same as with compress: true, without the notice', () => {
    const stated = planned({ compress: true });
    expect(stated.plan.fingerprint).toBe(layer.plan.fingerprint);
    expect(stated.notices).toEqual([]);
  });

  test('is an error with compress: false, which names the property', () => {
    expect(() => planned({ compress: false })).toThrow(
      /\n {2}remove `compress: false`: the layer would be about 130\.5 MB, and its largest files would be unpacked to \/tmp\n/,
    );
  });

  test('is an error if it is too large even if compressed', () => {
    root.install('rig-four', { '/usr/share/rig/four': '4' }, { Source: 'rig' });
    root.install('rig', { '/usr/bin/rig': [], '/usr/share/rig/one': [], '/usr/share/rig/two': [] }, { Depends: 'rig-four' });
    root.enlarge('/usr/share/rig/four', 300 * MB);
    const message = errorOf(() => planned());
    expect(message).toMatch(
      /^the layer would be 265\.5 MB unpacked, even with its largest files compressed; Lambda takes 262\.1 MB \(262144000 bytes\)/,
    );
    expect(message).toContain("leave out files that the program can do without: exclude: ['/usr/share/rig/four', ");
    expect(message).not.toContain('compress: ');
  });
});

test('a file over Lambda\'s quota is packed compressed', () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/one': '' });
  root.enlarge('/usr/share/rig/one', 300 * MB);
  const layer = planned();
  expect(compressedIn(layer)).toEqual(['/usr/share/rig/one']);
  expect(temporaryBytes(layer.plan)).toBe(300 * MB);
});

test('files that the user includes are compressed if they are too large together with the program', () => {
  root.install('rig', { '/usr/bin/rig': programWith() }).write({ '/srv/one': '1', '/srv/two': '2' });
  for (const name of ['one', 'two']) root.enlarge(`/srv/${name}`, 140 * MB);
  expect(compressedIn(planned({ detectData: false, include: ['/srv'] }))).toEqual(['/srv/one', '/srv/two']);
});

test('a layer that is full of add-ons is not compressed', () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/one': '' });
  root.install('rig-more', { '/usr/share/rig/more': '' }, { Depends: 'rig' });
  root.enlarge('/usr/share/rig/one', 200 * MB);
  root.enlarge('/usr/share/rig/more', 100 * MB);
  const layer = planned();
  expect(compressedIn(layer)).toEqual([]);
  expect(layer.notices).toEqual([expect.stringContaining('does not contain all add-ons')]);
  expect(planned({ compress: false }).plan.fingerprint).toBe(layer.plan.fingerprint);
});

test.each([
  ['the directory of plug-ins', '/usr/lib/liba', ['/usr/share/rig/one']],
  ['a single plug-in', '/usr/lib/liba/plug', []],
])('a layer that lacks %s of a direct dependency is compressed accordingly', (_, mentioned, expected) => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['liba.so.1']), '/usr/share/rig/one': '' }, { Depends: 'liba' });
  root.install('liba', { [`${LIB}/liba.so.1`]: libraryWith('liba.so.1', `\0${mentioned}\0`), '/usr/lib/liba/plug': '' });
  root.enlarge('/usr/share/rig/one', 240 * MB);
  root.enlarge('/usr/lib/liba/plug', 30 * MB);
  expect(compressedIn(planned())).toEqual(expected);
});

test('a smaller alternative of a library is taken before a layer is compressed', () => {
  root.install('rig', { '/usr/bin/rig': programWith('', ['libx.so.3']), '/usr/share/rig/one': '' });
  writeAlternatives(root);
  root.enlarge(`${LIB}/large/libx.so.3`, 100 * MB);
  root.enlarge('/usr/share/rig/one', 200 * MB);
  const layer = planned();
  expect(compressedIn(layer)).toEqual([]);
  expect(layer.notices.filter(isCompression)).toEqual([]);
  expect(layer.libraries).toContain(`${LIB}/small/libx.so.3`);
});

describe('a script with more modules than a layer can hold', () => {
  const both = [`${MODULES}/large/code.py`, `${MODULES}/large/more/table`, `${MODULES}/other/code.py`, `${MODULES}/other/table`];
  const isModule = (file: string) => file.startsWith(MODULES);

  beforeEach(() => {
    root.install('python3-minimal', { '/usr/bin/python3.11': programWith() }, { Source: 'python3' });
    root.install('python3', {}, { Depends: 'python3-minimal' });
    root.install('python3-large', { [both[0]]: '', [both[1]]: '' }, { Depends: 'libc6' });
    root.install('python3-other', { [both[2]]: '', [both[3]]: '3' }, { Depends: 'libc6' });
    root.enlarge(both[1], 140 * MB);
    root.enlarge(both[3], 150 * MB);
  });
  const script = (depends: string) => (
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/python3.11\n' }, { Depends: `python3, ${depends}` }));

  test('is packed compressed with all of them, if its package depends on them', () => {
    script('python3-large, python3-other');
    const { data, notices } = find(root);
    expect(data.filter(isModule)).toEqual(both);
    expect(notices.filter(isCompression)).toHaveLength(1);
  });

  test('is packed with whole modules, if the user rules out compression', () => {
    script('python3-large, python3-other');
    const { data, notices } = find(root, 'rig', { compress: false });
    expect(data.filter(isModule)).toEqual(both.slice(0, 2));
    expect(notices).toEqual([
      expect.stringContaining('does not contain all files that the program may need: python3-other (150.0 MB)'),
    ]);
  });

  test('is not compressed for large modules of its modules, which may be optional', () => {
    root.install('python3-near', { [`${MODULES}/near.py`]: '' }, { Depends: 'python3, python3-large, python3-other' });
    script('python3-near');
    const { data, notices } = find(root);
    expect(data.filter(isModule)).toEqual([...both.slice(0, 2), `${MODULES}/near.py`]);
    expect(notices.filter(isCompression)).toEqual([]);
  });

  test('is compressed for small modules of its modules', () => {
    root.install('python3-near', { [`${MODULES}/near.py`]: '', [`${MODULES}/near.txt`]: '' }, { Depends: 'python3, python3-small' });
    root.install('python3-small', { [`${MODULES}/small.py`]: '', [`${MODULES}/small.txt`]: '' }, { Depends: 'python3' });
    script('python3-near');
    root.enlarge(`${MODULES}/near.txt`, 250 * MB);
    root.enlarge(`${MODULES}/small.txt`, 20 * MB);
    const { data, notices } = find(root);
    expect(data).toContain(`${MODULES}/small.txt`);
    expect(notices.filter(isCompression)).toHaveLength(1);
  });

});

test('a layer is compressed if a module that a self-built script imports does not fit otherwise', () => {
  root.install('python3', { '/usr/bin/python3': programWith(), [`${MODULES}/own.py`]: '' });
  root.install('python3-large', { [`${MODULES}/large/code.py`]: '', [`${MODULES}/large/table`]: '' }, { Depends: 'python3' });
  root.write({ '/srv/app/rig': '#!/usr/bin/python3\nimport large\n' });
  fs.chmodSync(root.locate('/srv/app/rig'), 0o755);
  root.enlarge(`${MODULES}/large/table`, 300 * MB);
  const { data, notices } = find(root, '/srv/app/rig');
  expect(data).toContain(`${MODULES}/large/table`);
  expect(notices.filter(isCompression)).toHaveLength(1);
});

test('a layer is compressed if the package of a command that a script starts, and only recommends, does not fit otherwise', () => {
  root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
  root.install('rig', { '/usr/bin/rig': '#!/bin/sh\nexec java rig.jar\n' }, { Recommends: 'default-jre' });
  root.install('default-jre', {}, { Depends: 'jre-17' });
  root.install('jre-17', { '/usr/bin/java': programWith(), '/usr/lib/jvm/modules': '' });
  root.enlarge('/usr/lib/jvm/modules', 300 * MB);
  const { data, notices } = find(root);
  expect(data).toContain('/usr/lib/jvm/modules');
  expect(notices.filter(isCompression)).toHaveLength(1);
});

test('a layer is compressed if a part of a package behind a metapackage does not fit otherwise', () => {
  root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
  root.install('rig', { '/usr/bin/rig': '#!/bin/sh\nexec java rig.jar\n', '/usr/share/rig/own': '' }, { Depends: 'default-jre' });
  root.install('default-jre', {}, { Depends: 'jre-17' });
  root.install('jre-17', { '/usr/bin/java': programWith(), '/usr/lib/jvm/modules': '' });
  root.enlarge('/usr/lib/jvm/modules', 200 * MB);
  root.enlarge('/usr/share/rig/own', 100 * MB);
  expect(find(root).data).toContain('/usr/lib/jvm/modules');
});

test('small files are stored compressed if that of the large ones is not enough', () => {
  const names = Array.from({ length: 700 }, (_, index) => `/usr/share/rig/${index}`);
  root.install('rig', { '/usr/bin/rig': programWith(), ...Object.fromEntries(names.map((name) => [name, name])) });
  for (const name of names) root.enlarge(name, 0.5 * MB);
  const { plan: { entries } } = planned();
  expect(entries.some((entry) => entry.kind === 'file' && entry.compressed !== undefined)).toBe(true);
  expect(sizeOf({ entries })).toBeLessThan(262.144 * MB);
});

test('a layer that cannot hold all direct dependencies even compressed holds more of them than without compression', () => {
  const data = { small: 100, large: 200, larger: 300 };
  root.install('rig', { '/usr/bin/rig': programWith('</usr/share/styles>') }, { Depends: Object.keys(data).join(', ') });
  for (const [name, size] of Object.entries(data)) {
    root.install(name, { [`/usr/share/styles/${name}/one`]: name });
    root.enlarge(`/usr/share/styles/${name}/one`, size * MB);
  }
  const styles = (more: Partial<LayerRequest> = {}) => find(root, 'rig', more).data.filter((file) => file.includes('/styles/'));
  expect(styles({ compress: false })).toEqual(['/usr/share/styles/small/one']);
  expect(styles()).toEqual(['/usr/share/styles/large/one', '/usr/share/styles/small/one']);
});

test('data that compression does not make smaller counts with its size, so a layer does not become too large by an add-on', () => {
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/one': noise(150 * MB, 1), '/usr/share/rig/two': '' });
  root.install('rig-more', { '/usr/share/rig/more': noise(100 * MB, 2) }, { Depends: 'rig' });
  root.enlarge('/usr/share/rig/two', 50 * MB);
  const layer = planned({ compress: true });
  expect(layer.skipped.get('/usr/share/rig/more')).toContain('the layer has no room for 100.0 MB');
  expect(compressedIn(layer)).toEqual([]);
});
