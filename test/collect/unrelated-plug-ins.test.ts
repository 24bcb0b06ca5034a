import { find, libraryWith, LIB, Packaged, programWith } from './packaged';

test('a directory of plug-ins that a requested package mentions is named in a notice if its package is unrelated', () => {
  const root = new Packaged();
  const [effects, fonts] = ['/usr/lib/effects-1', '/usr/share/fonts-1'];
  root.install('rig', { '/usr/bin/rig': programWith('', ['librig.so.1', 'libother.so.1']) }, { Depends: 'librig, libother' });
  root.install('librig', { [`${LIB}/librig.so.1`]: libraryWith('librig.so.1', `\0${effects}/\0${fonts}\0`) }, { Source: 'rig' });
  root.install('libother', { [`${LIB}/libother.so.1`]: libraryWith('libother.so.1', '\0/usr/lib/effects-2\0') });
  for (const version of [1, 2]) root.install(`effects-${version}`, { [`/usr/lib/effects-${version}/a.so`]: libraryWith('a.so') });
  root.install('fonts', { [`${fonts}/a.ttf`]: '' });
  const { data, notices } = find(root);
  expect(data).toEqual(['/usr/bin/rig']);
  expect(notices).toEqual([[
    `${LIB}/librig.so.1 may load plug-ins that are not packed, of packages that its own package does not depend on: ${effects}; list`,
    'those that are needed in include',
  ].join(' ')]);
  expect(find(root, 'rig', { include: [effects] }).notices).toEqual([]);
});
