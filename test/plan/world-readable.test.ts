import * as fs from 'fs';
import { plan } from './make';
import { find, Packaged, programWith } from '../collect/packaged';
import { Fixture } from '../fixture';

describe('files that are not world-readable', () => {
  const source = () => {
    const root = new Fixture().debian().libc();
    root.compile('/usr/bin/tool', 'int main(void) { return 0; }');
    for (const name of 'abcde') root.write({ [`/usr/share/tool/${name}`]: name });
    return root;
  };
  const notices = (root: Fixture) =>
    plan(root, 'tool', { include: ['/usr/share/tool'] }).notices.filter((notice) => notice.includes('world-readable'));

  test.each([
    [['a'], '/usr/share/tool/a is not world-readable and not packed; name it in include if a program needs it'],
    [
      ['a', 'b'],
      '/usr/share/tool/a, /usr/share/tool/b are not world-readable and not packed; name them in include if a program needs them',
    ],
  ])('are named in a notice: %j', (files, notice) => {
    const root = source();
    for (const file of files) fs.chmodSync(root.locate(`/usr/share/tool/${file}`), 0o600);
    expect(notices(root)).toEqual([notice]);
  });

  test('are counted if there are many, for example in a root that was unpacked with umask 077', () => {
    const root = source();
    for (const file of ['a', 'b', 'c', 'd']) fs.chmodSync(root.locate(`/usr/share/tool/${file}`), 0o600);
    expect(notices(root)).toEqual([
      '4 files are not world-readable and not packed, such as /usr/share/tool/a: ' +
        'if the source was unpacked with another umask, unpack it again with umask 022; else name them in include',
    ]);
  });

  test('have no notice if they are in a directory that a package makes for files of the machine', () => {
    const root = new Packaged();
    root.install('rig', {
      '/usr/bin/rig': programWith('</etc/rig/private></usr/share/rig/closed>'),
      '/etc/rig/private': [],
      '/usr/share/rig/closed/one': 'one',
    });
    root.write({ '/etc/rig/private/key': 'of this machine' });
    for (const directory of ['/etc/rig/private', '/usr/share/rig/closed']) fs.chmodSync(root.locate(directory), 0o700);
    const { notices: printed, skipped } = find(root);
    expect(skipped.get('/etc/rig/private')).toBe('not world-readable');
    expect(printed).toEqual([
      '/usr/share/rig/closed/one, /usr/share/rig/closed are not world-readable and not packed; ' +
        'name them in include if a program needs them',
    ]);
  });

  test('have no notice if there are none', () => {
    expect(notices(source())).toEqual([]);
  });
});
