import * as fs from 'fs';
import { plan } from './make';
import { Fixture } from '../fixture';

describe('files that are not world-readable', () => {
  const source = () => {
    const root = new Fixture().debian().libc();
    root.compile('/usr/bin/tool', 'int main(void) { return 0; }');
    root.write({ '/usr/share/tool/a': 'a', '/usr/share/tool/b': 'b', '/usr/share/tool/c': 'c' });
    return root;
  };
  const notices = (root: Fixture) =>
    plan(root, 'tool', { include: ['/usr/share/tool'] }).notices.filter((notice) => notice.includes('world-readable'));

  test('are counted in a notice, for example in a root that was unpacked with umask 077', () => {
    const root = source();
    for (const file of ['a', 'b']) fs.chmodSync(root.locate(`/usr/share/tool/${file}`), 0o600);
    expect(notices(root)).toEqual([
      expect.stringMatching(/^2 files are not world-readable and not packed: if the source was unpacked with another umask, /),
    ]);
  });

  test('have no notice if there are none', () => {
    expect(notices(source())).toEqual([]);
  });
});
