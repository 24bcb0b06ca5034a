import { deflateRawSync } from 'zlib';
import { find, Packaged, programWith } from './packaged';
import { constantsIn } from '../../lib/root/java-archive';

/** A constant of each kind but strings: the tag, and its bytes. Those of 8 bytes count twice: 18 in all. */
const OTHERS = Buffer.concat(([
  [3, 4], [4, 4], [5, 8], [6, 8], [7, 2], [8, 2], [9, 4], [10, 4], [11, 4], [12, 4], [15, 3], [16, 2], [17, 4], [18, 4], [19, 2], [20, 2],
] as const).map(([tag, size]) => Buffer.concat([Buffer.from([tag]), Buffer.alloc(size, 1)])));

/** A .jar with one class whose constant pool has a string: only the parts that the reader looks at. */
function jarWith(text: string, { method = 8, name = 'rig/Draw.class' } = {}): Buffer {
  const content = Buffer.concat([Buffer.from('cafebabe0000003d0014', 'hex'), OTHERS, Buffer.from([1, 0, text.length]), Buffer.from(text)]);
  const packed = method === 8 ? deflateRawSync(content) : content;
  const local = Buffer.alloc(30);
  local.writeUInt32LE(0x04034b50, 0);
  local.writeUInt16LE(name.length, 26);
  const central = Buffer.alloc(46);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(method, 10);
  central.writeUInt32LE(packed.length, 20);
  central.writeUInt32LE(content.length, 24);
  central.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length + name.length + packed.length, 16);
  return Buffer.concat([local, Buffer.from(name), packed, central, Buffer.from(name), end]);
}

const packed = (jar: Buffer, fields: Record<string, string>) => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith(), '/usr/share/rig/rig.jar': jar }, fields);
  root.install('layout', { '/usr/bin/dot': programWith(), '/usr/bin/other': programWith(), '/usr/share/layout/fonts': 'f' });
  return find(root).data;
};

describe('a command whose name is a string constant of a class in an archive', () => {
  test('is packed with its package\'s data if the archive\'s package depends on it', () => {
    expect(packed(jarWith('dot'), { Depends: 'layout' })).toEqual([
      '/usr/bin/dot',
      '/usr/bin/rig',
      '/usr/share/layout/fonts',
      '/usr/share/rig/rig.jar',
    ]);
  });

  test('is packed if the archive\'s package recommends it, by its path as well', () => {
    expect(packed(jarWith('/usr/bin/dot'), { Recommends: 'layout' })).toEqual(
      expect.arrayContaining(['/usr/bin/dot', '/usr/share/layout/fonts']),
    );
  });

  test('is not packed if the archive\'s package neither depends on it nor recommends it', () => {
    expect(packed(jarWith('dot'), {})).toEqual(['/usr/bin/rig', '/usr/share/rig/rig.jar']);
  });
});

describe('the string constants of an archive', () => {
  test('are read from stored and compressed classes, and from no other entries', () => {
    expect([...constantsIn(jarWith('dot', { method: 0 }), ['dot', 'neato'])]).toEqual(['dot']);
    expect([...constantsIn(jarWith('dot', { name: 'rig/tale.txt' }), ['dot'])]).toEqual([]);
  });

  test('are whole strings: the end of a longer string does not match', () => {
    expect([...constantsIn(jarWith('anecdot'), ['dot'])]).toEqual([]);
  });

  test('are empty for an archive that is damaged or truncated', () => {
    const jar = jarWith('dot');
    for (let length = 0; length < jar.length; length++) expect([...constantsIn(jar.subarray(0, length), ['dot'])]).toEqual([]);
    for (let at = 0; at < jar.length; at++) {
      const damaged = Buffer.from(jar);
      damaged[at] ^= 0xff;
      expect([...constantsIn(damaged, ['dot'])].every((found) => found === 'dot')).toBe(true);
    }
  });
});
