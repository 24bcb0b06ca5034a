import { find, Packaged, programWith } from './packaged';

const MB = 1024 * 1024;

test.each([
  ['satisfies the dependency', 'sound', ['/usr/share/sounds/large.sf', '/usr/share/sounds/small.sf']],
  ['does not satisfy the dependency', 'other', ['/usr/share/sounds/small.sf']],
])('a large file that update-alternatives has selected is packed if its package %s', (_, provided, expected) => {
  const root = new Packaged();
  const file = '/usr/share/sounds/default.sf';
  root.install('rig', { '/usr/bin/rig': programWith(`\0${file}\0/usr/share/sounds/small.sf\0`) }, { Depends: 'small | sound' });
  root.install('small', { '/usr/share/sounds/small.sf': '' }, { Provides: 'sound' });
  root.install('large', { '/usr/share/sounds/large.sf': '' }, { Provides: provided });
  root.enlarge('/usr/share/sounds/large.sf', 140 * MB);
  root.write({ '/etc/alternatives/default.sf': { link: '/usr/share/sounds/large.sf' }, [file]: { link: '/etc/alternatives/default.sf' } });
  expect(find(root).data.filter((one) => one.endsWith('l.sf') || one.endsWith('e.sf'))).toEqual(expected);
});
