import * as fs from 'fs';
import { packageDatabase } from '../../lib/packages/database';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { libraryWith, programWith } from '../collect/packaged';
import { elfFile, Fixture } from '../fixture';
import { plan } from '../plan/make';

/** A root without any package database. */
let root: Fixture;
beforeEach(() => {
  root = new Fixture();
  root.write({ '/lib64/ld-linux-x86-64.so.2': elfFile({ soname: 'ld-linux-x86-64.so.2' }) });
});

function find(binary = 'rig', program = '/usr/bin/rig') {
  fs.chmodSync(root.locate(program), 0o755);
  const planned = plan(root, binary, { detectData: true });
  const files = planned.plan.entries.filter(({ kind }) => kind === 'file').map((entry) => entry.path);
  return { files: files.filter((file) => !file.includes('ld-linux')), skipped: planned.skipped, notices: planned.notices };
}

describe('in a root without a package database', () => {
  test('data with the name of the program is packed', () => {
    root.write({
      '/usr/bin/rig': programWith(),
      '/usr/share/rig/deep/names': '',
      '/usr/lib/rig/table': '',
      '/usr/libexec/rig/helper': '',
      '/etc/rig/one': '',
      '/etc/rig.conf': '',
      '/usr/share/rigging/names': '',
      '/usr/share/other/names': '',
      '/etc/other.conf': '',
      '/usr/share/man/man1/rig.1': '',
      '/usr/bin/rig-admin': programWith(),
    });
    expect(find().files).toEqual([
      '/etc/rig.conf',
      '/etc/rig/one',
      '/usr/bin/rig',
      '/usr/lib/rig/table',
      '/usr/libexec/rig/helper',
      '/usr/share/rig/deep/names',
    ]);
  });

  test('a mentioned path is packed if it contains the name of the file that mentions it, and reported otherwise', () => {
    root.write({
      '/usr/bin/rig': programWith('/etc/other.conf', ['libmagic.so.1']),
      '/usr/lib64/libmagic.so.1': libraryWith('libmagic.so.1', '/usr/share/misc/magic'),
      '/usr/share/misc/magic': 'text',
      '/etc/other.conf': '',
      '/usr/share/magic/unmentioned': '',
    });
    const { files, skipped } = find();
    expect(files).toEqual(['/usr/bin/rig', '/usr/lib64/libmagic.so.1', '/usr/share/misc/magic']);
    expect(skipped.get('/etc/other.conf')).toMatch(/mentioned in \/usr\/bin\/rig/);
  });

  test('a program has the name of its link and the name of its directory, too', () => {
    root.write({
      '/opt/rig-2/bin/rig2': programWith(),
      '/opt/rig-2/share/names': '',
      '/usr/bin/rig': { link: '/opt/rig-2/bin/rig2' },
      '/usr/share/rig/names': '',
    });
    expect(find('rig', '/opt/rig-2/bin/rig2').files).toEqual(['/opt/rig-2/bin/rig2', '/opt/rig-2/share/names', '/usr/share/rig/names']);
  });

  test('data below /usr/local is found by name, too', () => {
    root.write({ '/usr/local/bin/rig': programWith(), '/usr/local/lib/rig/names': '', '/usr/bin/rig': { link: '../local/bin/rig' } });
    expect(find('rig', '/usr/local/bin/rig').files).toEqual(['/usr/local/bin/rig', '/usr/local/lib/rig/names']);
  });

  test('a notice says that data is found by name only', () => {
    root.write({ '/usr/bin/rig': programWith() });
    expect(find().notices).toEqual([
      "there is no package database of dpkg, apk or rpm; only data with a program's name is found, such as /usr/share/NAME and " +
        '/etc/NAME: list other data in include',
    ]);
  });

  test('the user\'s own files belong to no package', () => {
    const { packages } = packageDatabase(new DirectoryRoot(root.directory), 'x86_64');
    expect(['/home/me/tool', '/work/build/tool', '/app', '/usr', '/usr/share'].map((real) => packages.ownerOf(real))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });
});
