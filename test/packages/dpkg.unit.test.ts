import * as fs from 'fs';
import { dpkgDatabase } from '../../lib/packages/dpkg';
import { ownersOf } from '../../lib/packages/owners';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { unchanged } from '../../lib/root/looks';
import { Packaged } from '../collect/packaged';
import { Fixture } from '../fixture';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const database = () => dpkgDatabase(new DirectoryRoot(root.directory), 'amd64')!;
const dependsOf = (name: string) => database().get(name)?.depends;

describe('the owner of a file', () => {
  test('is the package that lists it', () => {
    root.install('rig', { '/usr/share/rig/names': '' }).install('other', { '/usr/share/other/names': '' });
    expect(database().ownerOf('/usr/share/rig/names')?.name).toBe('rig');
    expect(database().ownerOf('/usr/share/other/names')?.name).toBe('other');
  });

  test('is undefined if no package lists the file, or a package lists only a longer or shorter path', () => {
    root.install('rig', { '/usr/share/rig/names.gz': '', '/srv/usr/share/rig/names': '' });
    expect(database().ownerOf('/usr/share/rig/names')).toBeUndefined();
    expect(database().ownerOf('/usr/share/rig/nothing')).toBeUndefined();
  });

  test('is found if /usr is merged and the package lists /lib/… or /bin/…', () => {
    root.install('librig', { '/lib/x86_64-linux-gnu/librig.so.1': '' }, { 'Multi-Arch': 'same' }).install('rig', { '/bin/rig': '' });
    expect(database().ownerOf('/usr/lib/x86_64-linux-gnu/librig.so.1')?.name).toBe('librig');
    expect(database().ownerOf('/usr/bin/rig')?.name).toBe('rig');
    const one = database();
    expect(one.files(one.get('rig')!)).toEqual(['/usr/bin', '/usr/bin/rig']);
  });

  test('is the same for the first and the thousandth request', () => {
    const files = (name: string) => Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`/usr/share/${name}/${index}`, '']));
    root.install('rig', files('rig')).install('other', files('other'));
    const one = database();
    for (const name of ['rig', 'other']) for (const file of Object.keys(files(name))) expect(one.ownerOf(file)?.name).toBe(name);
    for (let index = 0; index < 100; index++) expect(one.ownerOf(`/usr/share/none/${index}`)).toBeUndefined();
  });

  test.each(['triggers-awaited', 'triggers-pending'])('is a package in the state %s: apt leaves packages in it while it runs', (state) => {
    root.install('rig', { '/usr/share/rig/names': '' }, { Status: `install ok ${state}` });
    expect(database().ownerOf('/usr/share/rig/names')?.name).toBe('rig');
  });

  test.each(['half-installed', 'half-configured', 'unpacked', 'config-files', 'not-installed'])(
    'is not a package in the state %s',
    (state) => {
      root.install('rig', { '/usr/share/rig/names': '' }, { Status: `install ok ${state}` });
      expect(database().ownerOf('/usr/share/rig/names')).toBeUndefined();
    },
  );

  test('is the second of two packages if only the configuration of the first is installed', () => {
    root
      .install('gone', { '/usr/share/rig/names': '' }, { Status: 'deinstall ok config-files' })
      .install('rig', { '/usr/share/rig/names': '' });
    expect(database().ownerOf('/usr/share/rig/names')?.name).toBe('rig');
  });
});

describe('the dependencies of a package', () => {
  test('are those of Depends and Pre-Depends, without versions and architectures', () => {
    for (const name of ['a', 'b', 'c', 'd']) root.install(name, {});
    root.install('rig', {}, { 'Pre-Depends': 'd (>= 2)', 'Depends': 'a (>= 1.2~), b:any, c:any (<< 3), missing' });
    expect([...dependsOf('rig')!].sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('include the first installed alternative', () => {
    root.install('b', {}).install('c', {}).install('rig', {}, { Depends: 'a | b (>= 1) | c' });
    expect(dependsOf('rig')).toEqual(['b']);
  });

  test('include the provider of a virtual package', () => {
    root
      .install('mawk', {}, { Provides: 'awk (= 1), other' })
      .install('gawk', {}, { Provides: 'awk' })
      .install('rig', {}, { Depends: 'awk' });
    expect([...dependsOf('rig')!].sort()).toEqual(['gawk', 'mawk']);
  });

  test('include packages that come later in the database', () => {
    root.install('rig', {}, { Depends: 'zebra' }).install('zebra', {});
    expect(dependsOf('rig')).toEqual(['zebra']);
  });

  test('are empty without these fields', () => {
    root.install('rig', {});
    expect(dependsOf('rig')).toEqual([]);
  });
});

test('recommendations are kept separate from dependencies', () => {
  root.install('a', {}).install('b', {}).install('rig', {}, { Depends: 'a', Recommends: 'b | a, missing', Suggests: 'a' });
  expect(database().get('rig')).toMatchObject({ depends: ['a'], recommends: ['b'] });
});

describe('the database does not contain', () => {
  test('a package for another architecture', () => {
    root.install('rig', { '/usr/lib/i386-linux-gnu/librig.so.1': '' }, { Architecture: 'i386' });
    expect(database().get('rig')).toBeUndefined();
    expect(database().ownerOf('/usr/lib/i386-linux-gnu/librig.so.1')).toBeUndefined();
  });

  test('the version for another architecture of a package that is installed for both', () => {
    root.install('librig', { '/usr/lib/x86_64-linux-gnu/librig.so.1': '' }, { 'Multi-Arch': 'same' });
    root.install('librig', { '/usr/lib/i386-linux-gnu/librig.so.1': '' }, { 'Multi-Arch': 'same', 'Architecture': 'i386' });
    const one = database();
    expect(one.files(one.get('librig')!)).toContain('/usr/lib/x86_64-linux-gnu/librig.so.1');
    expect(one.files(one.get('librig')!)).not.toContain('/usr/lib/i386-linux-gnu/librig.so.1');
    expect(database().ownerOf('/usr/lib/i386-linux-gnu/librig.so.1')).toBeUndefined();
  });

  test.each(['install ok half-installed', 'install ok unpacked', 'deinstall ok config-files', 'purge ok not-installed'])(
    'a package with the status "%s"',
    (status) => {
      root.install('rig', { '/usr/share/rig/names': '' }, { Status: status });
      expect(database().get('rig')).toBeUndefined();
      expect(database().ownerOf('/usr/share/rig/names')).toBeUndefined();
    },
  );

  test('any package if there is no file', () => {
    expect(dpkgDatabase(new DirectoryRoot(new Fixture().directory), 'amd64')).toBeUndefined();
  });
});

test('a package for all architectures is a package like any other', () => {
  root.install('rig-data', {}, { Architecture: 'all' });
  expect(database().get('rig-data')).toBeDefined();
});

test('packages of a source package are those that name it, with or without a version, and the package with its name', () => {
  root
    .install('rig', {})
    .install('rig-data', {}, { Source: 'rig' })
    .install('librig1', {}, { Source: 'rig (1.2-3)' })
    .install('rigging', {});
  expect(database().builtFrom('rig').map(({ name }) => name).sort()).toEqual(['librig1', 'rig', 'rig-data']);
  expect(database().builtFrom('none')).toEqual([]);
});

test('a directory is sole if only one package lists it', () => {
  root.install('rig', { '/usr/share/rig/one': '', '/usr/share/common/one': '' }).install('other', { '/usr/share/common/two': '' });
  expect(['/usr/share/rig', '/usr/share/none', '/usr/share/common'].map((real) => database().isSole(real))).toEqual([true, true, false]);
});

test('files and directories that a package lists are distinguished from others', () => {
  root.install('rig', { '/usr/share/rig/one': '' });
  const one = database();
  expect(['/usr/share/rig', '/usr/share/rig/one', '/usr/share/rig/two'].map((real) => one.lists(one.get('rig')!, real))).toEqual([
    true,
    true,
    false,
  ]);
});

test('fields and paths in a description are ignored', () => {
  root.install('rig', {}, { Description: 'draws names\n Depends: other\n /usr/share/rig/names' }).install('other', {});
  expect(dependsOf('rig')).toEqual([]);
});

describe('in a hostile root', () => {
  test('file lists that are links, even to files of the machine, or not files are skipped', () => {
    root.install('rig', { '/usr/share/rig/names': '' }).install('out', {}).install('gone', {}).install('directory', {});
    const outside = new Fixture();
    outside.write({ '/list': '/usr/share/stranger\n' });
    root.write({ '/var/lib/dpkg/info/out.list': { link: outside.locate('/list') }, '/var/lib/dpkg/info/gone.list': { link: '/nowhere' } });
    fs.rmSync(root.locate('/var/lib/dpkg/info/directory.list'));
    root.directories('/var/lib/dpkg/info/directory.list');
    const one = database();
    expect([one.ownerOf('/usr/share/rig/names')?.name, one.ownerOf('/usr/share/stranger'), one.files(one.get('out')!)]).toEqual([
      'rig',
      undefined,
      [],
    ]);
    expect([...ownersOf(new DirectoryRoot(root.directory), ['/usr/share/rig/names', '/usr/share/stranger'])]).toEqual([
      ['/usr/share/rig/names', 'rig'],
    ]);
  });

  test('paths with .. are skipped', () => {
    root.install('rig', { '/usr/share/rig/names': '' });
    root.write({ '/var/lib/dpkg/info/rig.list': '/.\n/usr\n/usr/../../etc/shadow\n/usr/./share\n//etc\nusr/share\n/usr/share/..names\n' });
    expect(database().files(database().get('rig')!)).toEqual(['/usr', '/usr/share/..names']);
  });

  test('a status file that is a directory is no database', () => {
    root.directories('/var/lib/dpkg/info', '/var/lib/dpkg/status.d');
    fs.rmSync(root.locate('/var/lib/dpkg/status'));
    root.directories('/var/lib/dpkg/status');
    expect(dpkgDatabase(new DirectoryRoot(root.directory), 'amd64')).toBeUndefined();
  });
});

test('packages that are installed, removed or changed between two layers of an app are noticed', () => {
  root.install('rig', { '/usr/share/rig/names': '' });
  expect(database().ownerOf('/usr/share/rig/names')?.name).toBe('rig');
  root.install('other', { '/usr/share/other/names': '' });
  expect(database().ownerOf('/usr/share/other/names')?.name).toBe('other');
  // dpkg writes a new list beside the old one and renames it
  const list = `${root.directory}/var/lib/dpkg/info/other.list`;
  fs.writeFileSync(`${list}-new`, '/usr/share/renamed\n');
  fs.renameSync(`${list}-new`, list);
  expect(database().ownerOf('/usr/share/renamed')?.name).toBe('other');
  expect(database().ownerOf('/usr/share/other/names')).toBeUndefined();
});

test('the stamps of the directory and of each list that was used show whether a result is still valid', () => {
  root.install('rig', { '/usr/share/rig/names': '' }).install('other', { '/usr/share/other/names': '' });
  const looked = new DirectoryRoot(root.directory);
  dpkgDatabase(looked, 'amd64')!.ownerOf('/usr/share/rig/names');
  expect(unchanged(root.directory, looked.looks())).toBe(true);
  fs.appendFileSync(`${root.directory}/var/lib/dpkg/info/rig.list`, '/usr/share/more\n');
  expect(unchanged(root.directory, looked.looks())).toBe(false);
  const again = new DirectoryRoot(root.directory);
  dpkgDatabase(again, 'amd64')!.ownerOf('/usr/share/rig/names');
  fs.writeFileSync(`${root.directory}/var/lib/dpkg/info/third.list`, '/usr/share/third\n');
  expect(unchanged(root.directory, again.looks())).toBe(false);
});
