import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { packageDatabase } from '../../lib/packages/database';
import type { PackageDatabase } from '../../lib/packages/package';
import { rpmDatabase } from '../../lib/packages/rpm';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { unchanged } from '../../lib/root/looks';
import { find, libraryWith, programWith } from '../collect/packaged';
import { elfFile, Fixture, temporaryDirectory } from '../fixture';
import { plan } from '../plan/make';

const SPEC = `
Name: rig
Version: 1.11
Release: 3.fc40
Summary: Draws names
License: GPL
AutoReqProv: no
Requires: rig-data >= 1, libx.so.1()(64bit), libx.so.1(LIBX_1)(64bit), /usr/bin/tool, (tool or other), missing
Requires: ((other >= 2 and libx) if tool)
Recommends: rig-more, (rig-extra if rig)
%description
Draws names
%package data
Summary: Names
BuildArch: noarch
%description data
Names
%package more
Summary: More
%description more
More
%package -n other
Summary: Another
%description -n other
Another
%package -n tool
Summary: A tool
%description -n tool
A tool
%package -n libx
Summary: A library
Provides: libx.so.1()(64bit), libx.so.1(LIBX_1)(64bit)
%description -n libx
A library
%install
for file in bin/rig bin/tool "share/rig/the names" share/licenses/rig/COPYING share/man/man1/rig.1 lib64/libx.so.1 share/more/names; do
  mkdir -p "$(dirname "%{buildroot}/usr/$file")"; : > "%{buildroot}/usr/$file"
done
mkdir -p %{buildroot}/usr/lib/.build-id/00
ln -s ../../../bin/tool %{buildroot}/usr/lib/.build-id/00/11
%post
exit 1
%files
/usr/bin/rig
/usr/share/licenses/rig
/usr/lib/.build-id
/usr/share/man/man1/*
%files data
%dir /usr/share/rig
"/usr/share/rig/the names"
%files more
/usr/share/more
%files -n tool
/usr/bin/tool
%files -n libx
/usr/lib64/libx.so.1
%files -n other
`;

/** The files of a Fedora root below /usr, without the database. */
const root = new Fixture();
let built: string;

/** Adds the packages to a database without installing their files. */
function install(directory: string, ...packages: string[]): void {
  fs.mkdirSync(directory, { recursive: true });
  const files = fs
    .readdirSync(built, { recursive: true, encoding: 'utf8' })
    .filter((file) => packages.some((name) => path.basename(file).startsWith(`${name}-1.11`)));
  execFileSync(
    'rpm',
    ['--force-debian', '-i', '--justdb', '--nodeps', '--noscripts', '--dbpath', directory, ...files.map((file) => path.join(built, file))],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
}

beforeAll(() => {
  const top = temporaryDirectory();
  fs.writeFileSync(path.join(top, 'rig.spec'), SPEC);
  const defined = ['_build_id_links none', '__os_install_post %{nil}', `_topdir ${top}`].flatMap((definition) => ['--define', definition]);
  execFileSync('rpmbuild', ['-bb', '--target', 'x86_64', ...defined, path.join(top, 'rig.spec')], { stdio: ['ignore', 'ignore', 'pipe'] });
  built = path.join(top, 'RPMS');
  root.write({
    '/lib64': { link: 'usr/lib64' },
    '/usr/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }),
    '/usr/lib64/libx.so.1': libraryWith('libx.so.1'),
    '/usr/bin/rig': programWith('', ['libx.so.1']),
    '/usr/bin/tool': programWith(),
    '/usr/share/rig/the names': 'names',
    '/usr/share/licenses/rig/COPYING': 'a licence',
    '/usr/share/man/man1/rig.1': '',
    '/usr/share/more/names': '',
    '/usr/lib/.build-id/00/11': { link: '../../../bin/tool' },
  });
  fs.chmodSync(root.locate('/usr/bin/rig'), 0o755);
  install(root.locate('/usr/lib/sysimage/rpm'), 'rig', 'rig-data', 'rig-more', 'other', 'tool', 'libx');
});

const database = () => rpmDatabase(new DirectoryRoot(root.directory), 'x86_64') as PackageDatabase;

test('the owner of a file is the package that lists it, whatever characters the name contains', () => {
  const one = database();
  expect(
    ['/usr/bin/rig', '/usr/share/rig/the names', '/usr/share/rig', '/usr/lib64/libx.so.1', '/usr/share/none'].map(
      (real) => one.ownerOf(real)?.name,
    ),
  ).toEqual(['rig', 'rig-data', 'rig-data', 'libx', undefined]);
});

test('a package depends on what it requires by name, by library, by file, and by conditions', () => {
  expect([...database().get('rig')!.depends].sort()).toEqual(['libx', 'other', 'rig-data', 'tool']);
});

test('recommendations of an rpm are kept separate', () => {
  expect(database().get('rig')!.recommends).toEqual(['rig-more']);
});

test('the source package of an rpm is the name of its source rpm', () => {
  const one = database();
  expect(one.get('libx')!.source).toBe('rig');
  expect(one.builtFrom('rig').map(({ name }) => name).sort()).toEqual(['libx', 'other', 'rig', 'rig-data', 'rig-more', 'tool']);
});

test('packages for another architecture are not in the database, but noarch packages are', () => {
  const one = rpmDatabase(new DirectoryRoot(root.directory), 'aarch64') as PackageDatabase;
  expect([one.get('rig'), one.get('rig-data')?.name]).toEqual([undefined, 'rig-data']);
});

test('the checksums of files are those in the database, and directories have none', () => {
  const one = database();
  const empty = createHash('sha256').update('').digest('hex');
  expect([...one.checksums(one.get('rig-data')!)]).toEqual([['/usr/share/rig/the names', `sha256:${empty}`]]);
});

test('the layer of an rpm program has its library, the data and licences of its packages, and no other commands', () => {
  const files = find(root).all.filter((file) => !file.includes('ld-linux'));
  expect(files).toEqual(['/usr/bin/rig', '/usr/lib64/libx.so.1', '/usr/share/licenses/rig/COPYING', '/usr/share/rig/the names']);
  expect(plan(root, 'rig', { detectData: true }).notices).toEqual([]);
});

test('the database may be in /var/lib/rpm, and nothing is written beside it', () => {
  const older = new Fixture();
  install(older.locate('/var/lib/rpm'), 'rig');
  const before = fs.readdirSync(older.locate('/var/lib/rpm')).sort();
  expect((rpmDatabase(new DirectoryRoot(older.directory), 'x86_64') as PackageDatabase).ownerOf('/usr/bin/rig')?.name).toBe('rig');
  expect(fs.readdirSync(older.locate('/var/lib/rpm')).sort()).toEqual(before);
});

test('the name of a file may contain any character', () => {
  const other = new Fixture();
  install(other.locate('/var/lib/rpm'), 'rig');
  const file = other.locate('/var/lib/rpm/rpmdb.sqlite');
  // rpmbuild rejects it
  fs.writeFileSync(file, fs.readFileSync(file, 'latin1').replaceAll('COPYING', 'A\x1eB\x1fC\x1dD'), 'latin1');
  const one = rpmDatabase(new DirectoryRoot(other.directory), 'x86_64') as PackageDatabase;
  expect(one.ownerOf('/usr/share/licenses/rig/A\x1eB\x1fC\x1dD')?.name).toBe('rig');
});

test('a change of the database invalidates results that depend on it', () => {
  const other = new Fixture();
  install(other.locate('/var/lib/rpm'), 'rig');
  const looked = new DirectoryRoot(other.directory);
  rpmDatabase(looked, 'x86_64');
  expect(unchanged(other.directory, looked.looks())).toBe(true);
  install(other.locate('/var/lib/rpm'), 'tool');
  expect(unchanged(other.directory, looked.looks())).toBe(false);
});

describe('an rpm database that cannot be read', () => {
  const { PATH } = process.env;
  afterEach(() => {
    process.env.PATH = PATH;
  });

  test('because rpm is missing has a notice with the remedy, and data is found by the program\'s name', () => {
    process.env.PATH = temporaryDirectory();
    const planned = plan(root, 'rig', { detectData: true });
    expect(planned.notices).toEqual([
      'rpm is not on PATH, so the package database /usr/lib/sysimage/rpm/rpmdb.sqlite cannot be read: install it, for example with ' +
      'apt-get install rpm; ' +
        "only data with a program's name is found, such as /usr/share/NAME and /etc/NAME: list other data in include",
    ]);
    expect(planned.plan.entries.map((entry) => entry.path)).toContain('/usr/share/rig/the names');
    expect(plan(root, 'rig').notices).toEqual([]);
  });

  test.each([
    ['other fields', 'odd\x1f1\x1fx86_64', 'it prints a part of the 10 fields of a package'],
    ['fewer fields', 'odd$package', 'it prints 1 of the 10 fields of a package'],
  ])('because rpm prints %s has a notice', (_, said, message) => {
    process.env.PATH = temporaryDirectory();
    const rpm = `#!/bin/sh\nfor query; do :; done\npackage=\x1e\${query##*\x1e}\nprintf '%s' "${said}"\n`;
    fs.writeFileSync(path.join(process.env.PATH, 'rpm'), rpm, { mode: 0o755 });
    expect(rpmDatabase(new DirectoryRoot(root.directory), 'x86_64')).toBe(
      `rpm cannot read the package database /usr/lib/sysimage/rpm/rpmdb.sqlite: ${message}`,
    );
  });

  test('because it is damaged has a notice with the message of rpm', () => {
    const broken = new Fixture();
    broken.write({ '/var/lib/rpm/rpmdb.sqlite': 'no database' });
    expect(packageDatabase(new DirectoryRoot(broken.directory), 'x86_64').notice).toMatch(
      /^rpm cannot read the package database \/var\/lib\/rpm\/rpmdb\.sqlite: .+; only data with/,
    );
  });
});

test('without its files, there is no database', () => {
  expect(rpmDatabase(new DirectoryRoot(new Fixture().directory), 'x86_64')).toBeUndefined();
});
