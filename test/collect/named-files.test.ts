import { find, Packaged, programWith } from './packaged';

let root: Packaged;

beforeEach(() => {
  root = new Packaged();
  root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });
  root.install('wrappers', { '/usr/lib/wrappers/functions.sh': 'JARS=/usr/share/java\nfind_jars() { echo "$JARS/$1.jar"; }\n' });
  root.install('near', { '/usr/share/java/near.jar': '' }, { Depends: 'far' });
  root.install('far', {
    '/usr/share/java/far-2.jar': '', '/usr/share/java/far.jar': { link: 'far-2.jar' }, '/usr/share/java/remote.jar': '',
  });
  root.install('unrelated', { '/usr/share/java/unrelated.jar': '' });
  root.install('rig', {
    '/usr/bin/rig': '#!/bin/sh\n. /usr/lib/wrappers/functions.sh\nfind_jars near far unrelated # remote\n',
  }, { Depends: 'wrappers, near' });
});

test('a word of a script is a file in a directory that sourced code mentions, if the script depends on its package', () => {
  const { data } = find(root);
  for (const name of ['near.jar', 'far.jar', 'far-2.jar']) expect(data).toContain(`/usr/share/java/${name}`);
});

test('files of unrelated packages, and those that only a comment names, are not packed', () => {
  const { data } = find(root);
  for (const name of ['unrelated.jar', 'remote.jar']) expect(data).not.toContain(`/usr/share/java/${name}`);
});

test('a script that sources no code that mentions the directory names none of its files', () => {
  root.install('wrappers', { '/usr/lib/wrappers/functions.sh': 'find_jars() { echo "$1.jar"; }\n' });
  expect(find(root).data).not.toContain('/usr/share/java/far.jar');
});
