import * as fs from 'fs';
import * as path from 'path';
import { crc32, deflateRawSync } from 'zlib';
import { find, makeFound, Packaged, programWith } from './packaged';
import { entriesOf, unpack } from '../../lib/root/java-archive';
import { pathsInClasses, withPathsInClasses } from '../../lib/root/java-constants';
import { classPathOf, withClassPath } from '../../lib/root/java-manifest';
import { CENTRAL } from '../../lib/root/zip-headers';

interface JarEntry {
  readonly name: string;
  readonly text: string | Buffer;
}

const MANIFEST = 'META-INF/MANIFEST.MF';

/** An archive with deflated entries. */
function jar(entries: readonly JarEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, text } of entries) {
    const packed = deflateRawSync(text);
    const header = Buffer.alloc(26);
    header.writeUInt16LE(20, 0);
    header.writeUInt16LE(8, 4);
    header.writeUInt32LE(crc32(text), 10);
    header.writeUInt32LE(packed.length, 14);
    header.writeUInt32LE(text.length, 18);
    header.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), header, Buffer.from(name), packed]);
    const at = Buffer.alloc(14);
    at.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x00'), header, at, Buffer.from(name)]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

const manifest = (lines: string) => ({ name: MANIFEST, text: `Manifest-Version: 1.0\r\n${lines}Main-Class: Rig\r\n` });
const other = { name: 'rig/names.txt', text: 'names\n' };

function textOf(archive: Buffer, name: string): string | undefined {
  const entry = [...entriesOf(archive)].find((one) => one.name === name);
  return entry && unpack(archive, entry.at, archive.readUInt32LE(entry.at + CENTRAL.unpacked))?.toString();
}

describe('the class path of an archive', () => {
  test('is read from continued lines, and URLs of files are paths', () => {
    const lines = 'Class-Path: /usr/share/java/one.jar file:/usr/share/java/two\r\n .jar three.jar\r\n';
    expect(classPathOf(jar([other, manifest(lines)]))).toEqual(['/usr/share/java/one.jar', '/usr/share/java/two.jar', 'three.jar']);
  });

  test.each([
    ['has none', [manifest('')]],
    ['has no manifest', [other]],
    ['is signed: the signature is of the manifest', [manifest('Class-Path: /usr/x.jar\r\n'), { name: 'META-INF/RIG.SF', text: '' }]],
  ])('is empty if the archive %s', (_, entries) => {
    expect(classPathOf(jar(entries))).toEqual([]);
  });

  test('is replaced in lines of at most 72 bytes, and nothing else changes', () => {
    const archive = jar([manifest('Class-Path: /usr/share/java/one.jar two.jar\r\n'), other]);
    const long = `/opt/${'x'.repeat(150)}/one.jar`;
    const replaced = withClassPath(archive, () => long);
    expect(classPathOf(replaced)).toEqual([long, 'two.jar']);
    const text = textOf(replaced, MANIFEST)!;
    expect(Math.max(...text.split('\r\n').map((line) => line.length + 2))).toBe(72);
    expect(text.replace(/\r\n /g, '')).toBe(`Manifest-Version: 1.0\r\nClass-Path: ${long} two.jar\r\nMain-Class: Rig\r\n`);
    expect(textOf(replaced, other.name)).toBe(other.text);
  });

  test('of a damaged or truncated archive is empty or a part of it', () => {
    const archive = jar([manifest('Class-Path: /usr/share/java/one.jar\r\n'), other]);
    for (let length = 0; length < archive.length; length++) expect(classPathOf(archive.subarray(0, length))).toEqual([]);
    for (let at = 0; at < archive.length; at++) {
      const damaged = Buffer.from(archive);
      damaged[at] ^= 0xff;
      expect(() => withClassPath(damaged, (file) => file)).not.toThrow();
    }
  });
});

test('an archive in the class path of an archive is packed, and its path is that in the layer', async () => {
  const root = new Packaged();
  root.install('rig', {
    '/usr/bin/rig': programWith(),
    '/usr/share/java/rig.jar': jar([manifest('Class-Path: /usr/share/java/draw.jar /usr/share/java/absent.jar\r\n')]),
  }, { Depends: 'libdraw-java' });
  root.install('libdraw-java', { '/usr/share/java/draw.jar': { link: 'draw-1.0.jar' }, '/usr/share/java/draw-1.0.jar': jar([other]) });
  const { opt, mirrored } = await makeFound(root);
  const [draw, absent] = classPathOf(fs.readFileSync(path.join(mirrored, '/usr/share/java/rig.jar')));
  expect(fs.readFileSync(draw.replace(/^\/opt/, opt))).toEqual(jar([other]));
  expect(absent).toBe('/usr/share/java/absent.jar');
});

test('an archive in the class path of a dependency\'s archive is packed', () => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/start': '/usr/share/java/draw.jar\n' }, { Depends: 'libdraw-java' });
  root.install('libdraw-java', { '/usr/share/java/draw.jar': jar([manifest('Class-Path: line.jar\r\n')]) }, { Depends: 'libline-java' });
  root.install('libline-java', { '/usr/share/java/line.jar': jar([other]), '/usr/share/java/curve.jar': jar([other]) });
  expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/java/draw.jar', '/usr/share/java/line.jar', '/usr/share/rig/start']);
});

/** A class with constants, and bytes after them. */
function classWith(...constants: readonly string[]): Buffer {
  const head = Buffer.from('cafebabe00000034', 'hex');
  const count = Buffer.alloc(2);
  count.writeUInt16BE(constants.length + 1);
  const strings = constants.map((text) => Buffer.concat([Buffer.from([1, text.length >> 8, text.length & 0xff]), Buffer.from(text)]));
  return Buffer.concat([head, count, ...strings, Buffer.from('\0!fields')]);
}

describe('the paths in the classes of an archive', () => {
  const classes = { name: 'rig/Rig.class', text: classWith('/usr/share/rig/table', 'Rig', '/images/one.png', '/etc/rig/') };

  test('are those below directories of packages, not names of resources', () => {
    expect(pathsInClasses(jar([other, classes]))).toEqual(['/etc/rig/', '/usr/share/rig/table']);
  });

  test('may become longer, and nothing else changes', () => {
    const moved = withPathsInClasses(jar([manifest(''), classes, other]), new Map([['/usr/share/rig/table', `/opt/${'x'.repeat(300)}`]]));
    const entry = [...entriesOf(moved)].find(({ name }) => name === classes.name)!;
    expect(unpack(moved, entry.at, moved.readUInt32LE(entry.at + CENTRAL.unpacked)))
      .toEqual(classWith(`/opt/${'x'.repeat(300)}`, 'Rig', '/images/one.png', '/etc/rig/'));
    for (const { name, text } of [manifest(''), other]) expect(textOf(moved, name)).toBe(text);
  });

  test('of a signed archive stay', () => {
    const signed = jar([classes, { name: 'META-INF/RIG.SF', text: '' }]);
    expect(pathsInClasses(signed)).toEqual([]);
    expect(withPathsInClasses(signed, new Map([['/etc/rig/', '/opt/rig/']]))).toBe(signed);
  });

  test('cause no error if the archive or a class is damaged or truncated', () => {
    const archive = jar([classes]);
    for (let length = 0; length < archive.length; length++) expect(pathsInClasses(archive.subarray(0, length))).toEqual([]);
    for (let at = 0; at < archive.length; at++) {
      const damaged = Buffer.from(archive);
      damaged[at] ^= 0xff;
      expect(() => withPathsInClasses(damaged, new Map([['/etc/rig/', '/opt/rig/']]))).not.toThrow();
    }
    for (let length = 0; length < classes.text.length; length++) {
      expect(() => pathsInClasses(jar([{ name: 'Rig.class', text: classes.text.subarray(0, length) }]))).not.toThrow();
    }
  });

  test('lead into the layer if the archive is of a requested program, unless they are directories that every package uses', async () => {
    const root = new Packaged();
    const text = classWith('/etc/rig/limits', '/usr/share/rig/', '/usr/share', '/etc/absent');
    root.install('rig', {
      '/usr/bin/rig': programWith(), '/usr/share/rig/rig.jar': jar([{ name: 'Rig.class', text }]), '/etc/rig/limits': '1\n',
    });
    const { plan, mirrored } = await makeFound(root);
    expect(pathsInClasses(fs.readFileSync(path.join(mirrored, '/usr/share/rig/rig.jar')))).toEqual([
      '/etc/absent', `/opt/elf/${plan.key}/etc/rig/limits`, `/opt/elf/${plan.key}/usr/share/rig/`, '/usr/share',
    ]);
  });
});
