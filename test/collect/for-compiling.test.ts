import { find, Packaged, programWith } from './packaged';

const FILES = { '/usr/lib/rig/base.h': '', '/usr/share/doc/rig/x.h': '' };
const headers = (root: Packaged) => find(root).all.filter((file) => file.endsWith('.h'));

test('the headers of a requested program that starts a compiler are packed, wherever they are', () => {
  const root = new Packaged();
  root.install('cc', { '/usr/bin/cc': programWith('\0/usr/include\0'), '/usr/lib/cc/cc.h': '' }, { Recommends: 'libc6-dev' });
  root.install('libc6-dev', { '/usr/include/stdio.h': '', '/usr/lib/other/other.h': '' });
  root.install('rig', { '/usr/bin/rig': programWith('\0cc\0'), ...FILES }, { Depends: 'cc' });
  expect(headers(root)).toEqual(['/usr/include/stdio.h', '/usr/lib/cc/cc.h', '/usr/lib/rig/base.h']);
});

test('the headers of a program that starts no compiler are not packed', () => {
  expect(headers(new Packaged().install('rig', { '/usr/bin/rig': programWith(), ...FILES }))).toEqual([]);
});
