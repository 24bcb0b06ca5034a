import * as fs from 'fs';
import { find, Packaged, programWith } from './packaged';

test.each([
  ['a program of its package', 0o755, true],
  ['no program of its package', 0o644, false],
])('packages that extend a requested shell script which starts %s are packed accordingly', (_, mode, isExtended) => {
  const root = new Packaged().install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
  root.install('rig', {
    '/usr/bin/rig': '#!/bin/sh\nhome=/usr/lib/rig\nexec "$home/exec/rig" "$@"\n',
    '/usr/lib/rig/exec/rig': programWith(),
    '/usr/lib/rig/library/base': '',
  });
  root.install('rig-more', { '/usr/lib/rig/library/more': '' }, { Depends: 'rig' });
  fs.chmodSync(root.locate('/usr/lib/rig/exec/rig'), mode);
  const { data } = find(root);
  expect(data).toContain('/usr/lib/rig/library/base');
  expect(data.includes('/usr/lib/rig/library/more')).toBe(isExtended);
});
