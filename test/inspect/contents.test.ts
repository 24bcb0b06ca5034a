import * as fs from 'fs';
import * as path from 'path';
import { world } from './world';
import { type Contents, readContents } from '../../lib/inspect/contents';
import { byPackage, byProgram, summary } from '../../lib/inspect/summary';
import { RECORD } from '../../lib/plan/record';
import { LIB } from '../collect/packaged';
import { elfFile, Fixture, temporaryDirectory } from '../fixture';
import { makeZip, type Zipped, tree } from '../plan/make';
import { LINK, type RawEntry, rawZip } from '../zip/raw-zip';

let layer: Zipped;
let contents: Contents;
beforeAll(async () => {
  layer = await makeZip(world(), 'rig', { detectData: true });
  contents = readContents(layer.zip);
});

const file = (wanted: string) => contents.files.find((one) => one.path === wanted);

describe('the zip of a layer alone contains', () => {
  test('its programs, its architecture and its source', () => {
    expect(contents).toMatchObject({
      name: 'layer.zip',
      key: layer.plan.key,
      machine: 'x86_64',
      distribution: { id: 'debian', version: '12' },
      programs: [{ name: 'rig', path: '/usr/bin/rig' }],
    });
  });

  test('the packages with files in it', () => {
    expect(contents.packages).toEqual([
      { name: 'libx1', version: '2:1.2~rc1-3', architecture: 'amd64', source: 'x', type: 'deb' },
      { name: 'liby2', version: '3-1', architecture: 'all', source: 'liby2', type: 'deb' },
      { name: 'rig', version: '1.11-1+b1', architecture: 'amd64', source: 'rig', type: 'deb' },
    ]);
  });

  test('the type, the package and the reason of each file', () => {
    expect(file('/usr/bin/rig')).toMatchObject({ kind: 'program', package: 'rig', why: 'requested' });
    expect(file(`${LIB}/libx.so.1.2`)).toMatchObject({ kind: 'library', package: 'libx1', why: 'needed by rig', through: '/usr/bin/rig' });
    expect(file(`${LIB}/liby.so.2`)).toMatchObject({
      kind: 'library',
      package: 'liby2',
      why: 'needed by libx.so.1',
      through: `${LIB}/libx.so.1.2`,
    });
    expect(file('/usr/share/rig/names')).toMatchObject({
      kind: 'data',
      size: 16000,
      package: 'rig',
      why: 'of package rig',
      through: '/usr/bin/rig',
    });
    expect(file('/usr/share/doc/libx1/copyright')).toMatchObject({ package: 'libx1', why: 'licence of libx1' });
    expect(file(RECORD)).toMatchObject({ kind: 'data', why: 'of the layer\'s own' });
  });

  test('the dependencies of each file, through links and loaders', () => {
    expect(file('/usr/bin/rig')!.needs).toEqual([`${LIB}/libx.so.1.2`, '/usr/lib64/ld-linux-x86-64.so.2']);
    expect(file(`${LIB}/libx.so.1.2`)!.needs).toEqual([`${LIB}/liby.so.2`]);
  });

  test('the sizes, whose sum is correct', () => {
    const unpacked = Object.values(tree(layer.opt)).filter((one) => !one.startsWith('→'));
    expect(contents.files).toHaveLength(unpacked.length);
    expect(contents.size).toBe(unpacked.reduce((sum, one) => sum + one.length, 0));
    expect(contents.zipSize).toBe(fs.statSync(layer.zip).size);
    for (const groups of [byProgram(contents), byPackage(contents)]) {
      expect(groups.reduce((sum, { size }) => sum + size, 0)).toBe(contents.size);
    }
  });
});

test('the text has the same contents, the largest first', () => {
  const lines = summary(contents, { most: 2, style: { bold: (text) => text, dim: (text) => text } });
  expect(lines[0]).toBe('rig for x86_64, from debian 12');
  expect(lines[2]).toMatch(/^  unpacked  0\.1 of 262\.1 MB \(< 1 %\)/);
  const section = lines.slice(lines.indexOf('By package'), lines.indexOf('By package') + 4);
  expect(section).toEqual([
    'By package',
    expect.stringMatching(/^ +5\d\.\d kB +2 files  libx1 2:1\.2~rc1-3$/),
    expect.stringMatching(/^ +1\d\.\d kB +3 files  rig 1\.11-1\+b1$/),
    '  … and 2 packages more: see --all',
  ]);
});

describe('the record in the layer', () => {
  const record = (made: Zipped) => fs.readFileSync(made.mirrored + RECORD, 'utf8');

  test('does not contain where, or by which rule, a file was found', () => {
    expect(record(layer)).not.toMatch(/default directory|binary-layer-\w{6}/);
  });

  test('contains only the place in the layer of a user\'s own program', async () => {
    const root = new Fixture();
    root.write({
      '/home/me/secret-project/bin/tool': elfFile({
        interpreter: '/lib64/ld-linux-x86-64.so.2',
        needed: ['libown.so'],
        runpath: '$ORIGIN/../lib',
      }),
    });
    root.write({
      '/home/me/secret-project/lib/libown.so': elfFile({ soname: 'libown.so' }),
      '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    });
    fs.chmodSync(root.locate('/home/me/secret-project/bin/tool'), 0o755);
    const made = await makeZip(root, '/home/me/secret-project/bin/tool');
    expect(JSON.parse(record(made)).files).toMatchObject({
      '/app/bin/tool': { why: 'requested' },
      '/app/lib/libown.so': { why: 'needed by tool', through: '/app/bin/tool' },
    });
    expect(record(made)).not.toMatch(/secret-project|home/);
    expect(JSON.parse(record(made))).toMatchObject({ packages: [] });
    expect(JSON.parse(record(made))).not.toHaveProperty('distribution');
  });

  test('is part of the layer: another version of a package makes another layer', async () => {
    const root = world();
    fs.writeFileSync(
      root.locate('/var/lib/dpkg/status'),
      fs.readFileSync(root.locate('/var/lib/dpkg/status'), 'utf8').replace('1.11-1+b1', '1.11-1+b2'),
    );
    expect((await makeZip(root, 'rig', { detectData: true })).plan.key).not.toBe(layer.plan.key);
    expect((await makeZip(world(), 'rig', { detectData: true })).plan.key).toBe(layer.plan.key);
  });
});

describe('a zip that is not a layer is an error', () => {
  const RECORDED = { version: 1, machine: 'x86_64', packages: [], files: {} };
  const zip = (record: unknown, ...more: RawEntry[]) => rawZip([
    { name: 'bin/a', content: '../elf/01234567/a', mode: LINK, method: 0 },
    { name: 'elf/01234567/a', content: 'a', mode: 0o100755 },
    { name: 'elf/01234567/contents.json', content: typeof record === 'string' ? record : JSON.stringify(record) },
    ...more,
  ]);
  const refusal = (made: string) => {
    try {
      readContents(made);
    } catch (error) {
      return (error as Error).message.split('\n')[0].split(': ').slice(1).join(': ');
    }
    throw new Error('it was not refused');
  };

  test('that says what was found and what was expected', () => {
    const made = rawZip([{ name: 'python/a.py' }, { name: 'python/b\x1b.py' }, { name: 'c' }, { name: 'd' }]);
    expect(() => readContents(made)).toThrow(
      [
        `${made} is a zip, but not a layer that this library made: it has no elf/KEY/contents.json, but python/a.py, ` +
          'python/b\\x1b.py, c and 1 more',
        "  expected elf/KEY/contents.json with the programs' files, and links to them in bin/",
      ].join('\n'),
    );
  });

  test('if it is empty', () => {
    expect(refusal(rawZip([]))).toBe('it has no elf/KEY/contents.json, but nothing at all');
  });

  test('if it contains other files', () => {
    expect(refusal(zip(RECORDED, { name: 'lib/libc.so.6' }))).toBe('lib/libc.so.6 is not below elf/01234567');
  });

  test('if it contains two layers', () => {
    expect(refusal(zip(RECORDED, { name: 'elf/76543210/contents.json' }))).toContain('it has no elf/KEY/contents.json, but');
  });

  test('if a program is missing', () => {
    expect(refusal(zip(RECORDED, { name: 'bin/b', content: '../elf/01234567/b', mode: LINK, method: 0 }))).toBe(
      'bin/b leads to no file in the zip',
    );
  });

  test.each([
    ['not JSON', '{', 'its record is not JSON'],
    ['a list', [], 'its record has no fields, expected a record of version 1'],
    ['of another version', { ...RECORDED, version: 2 }, 'its record has version 2, expected a record of version 1'],
    ['without a machine', { ...RECORDED, machine: 'mips' }, 'its record names no valid architecture, expected a record of version 1'],
    ["without a distribution's name", { ...RECORDED, distribution: {} }, 'its record names no valid distribution'],
    [
      'with half a package',
      { ...RECORDED, packages: [{ name: 'a' }] },
      'its record has a package without name, version, architecture, source or type',
    ],
    ['with a file without a reason', { ...RECORDED, files: { '/a': { package: 'a' } } }, 'its record has a file without a reason'],
  ])('if it has a record that is %s', (_, record, what) => {
    expect(refusal(zip(record))).toContain(what);
  });

  test('but a file without an entry in the record is shown as such', () => {
    expect(readContents(zip(RECORDED)).files[0]).toMatchObject({ path: '/a', kind: 'program', why: 'not in the layer\'s record' });
  });

  test('and a chain through all of its files is read in linear time', () => {
    const count = 20_000;
    const names = Array.from({ length: count }, (_, index) => `/d/${index}`);
    const files = Object.fromEntries(
      names.map((name, index) => [name, index === 0 ? { why: 'x', through: '/a' } : { why: 'x', through: names[index - 1] }]),
    );
    const long = readContents(
      zip(
        { ...RECORDED, files: { ...files, '/a': { why: 'requested' } } },
        ...names.map((name) => ({ name: `elf/01234567${name}`, method: 0 })),
      ),
    );
    expect(byProgram(long)).toEqual([expect.anything(), { name: 'a', size: 1, files: count + 1 }]);
  });

  test('and libraries with the same name that need each other are distinguished by their directories', () => {
    const library = (index: number): RawEntry => ({
      name: `elf/01234567/${index}/lib.so`,
      content: elfFile({ soname: 'lib.so', needed: ['lib.so', 'other.so'] }),
      mode: 0o100755,
    });
    const many = readContents(
      zip(RECORDED, ...Array.from({ length: 100 }, (_, index) => library(index)), {
        name: 'elf/01234567/7/other.so',
        content: elfFile({ soname: 'other.so' }),
      }),
    );
    expect(many.files.find(({ path: one }) => one === '/42/lib.so')!.needs).toEqual(['/42/lib.so', '/7/other.so']);
  });

  test('and a record with circular references is read', () => {
    const circle = { ...RECORDED, files: { '/a': { why: 'x', through: '/a' }, '/__proto__': { why: 'y' } } };
    expect(byProgram(readContents(zip(circle)))).toHaveLength(2);
  });
});

test('inspection does not write to the layer', () => {
  const directory = temporaryDirectory();
  fs.copyFileSync(layer.zip, path.join(directory, 'layer.zip'));
  readContents(path.join(directory, 'layer.zip'));
  expect(fs.readdirSync(directory)).toEqual(['layer.zip']);
});
