import * as fs from 'fs';
import { dpkgDatabase } from '../../lib/packages/dpkg';
import { ownersOf } from '../../lib/packages/owners';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture } from '../fixture';

test('every file of this machine has the owner that the package database says', () => {
  const root = new DirectoryRoot('/');
  const database = dpkgDatabase(root, 'amd64')!;
  const libraries = fs
    .readdirSync('/usr/lib/x86_64-linux-gnu')
    .map((name) => `/usr/lib/x86_64-linux-gnu/${name}`)
    .filter((file) => fs.lstatSync(file).isFile());
  const files = [...libraries.slice(0, 100), '/usr/bin/rig', '/usr/bin/perl', '/usr/bin/curl', '/no/such/libx.so.1'];
  const owned = files.flatMap((file) => {
    const owner = database.ownerOf(file);
    return owner ? [[file, owner.name]] : [];
  });
  expect(owned.length).toBeGreaterThan(50);
  expect(Object.fromEntries(ownersOf(root, files))).toEqual(Object.fromEntries(owned));
});

test('the owner of a file is found by the path that its package was built for', () => {
  const fixture = new Fixture();
  fixture.write({
    '/lib': { link: 'usr/lib' },
    '/usr/lib/libx.so.1': '',
    '/var/lib/dpkg/info/odd:amd64.list': '/.\n/lib\n/lib/libx.so.1\n',
    '/var/lib/dpkg/info/other.list': '/usr/share/libx.so.1.txt\n/usr/bin/prog\n',
  });
  expect([...ownersOf(new DirectoryRoot(fixture.directory), ['/usr/lib/libx.so.1', '/usr/bin/prog'])].sort()).toEqual([
    ['/usr/bin/prog', 'other'],
    ['/usr/lib/libx.so.1', 'odd'],
  ]);
});

test('without a package database, files have no owners', () => {
  expect(ownersOf(new DirectoryRoot(new Fixture().directory), ['/usr/lib/libx.so.1']).size).toBe(0);
});
