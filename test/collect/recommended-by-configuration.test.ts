import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

test('a command line in configuration is named in a notice if the packages of the program only recommend that of the command', () => {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith('', ['librig.so.1']) }, { Depends: 'librig', Source: 'rig' });
  root.install('librig', {
    [`${LIB}/librig.so.1`]: libraryWith('librig.so.1', '\0/usr/lib/rig-config\0'),
    '/usr/lib/rig-config/converters.xml': [
      '<converter from="ps" command="&quot;convert-ps&quot; -q &quot;%i&quot;"/>',
      '<converter from="svg" command=\'"convert-svg" "-q" "%i"\'/>',
      '<converter from="dvi" command="convert-dvi -q &quot;%i&quot;"/>',
      '<converter from="other" command="none other"/>',
    ].join('\n'),
  }, { Recommends: 'tools, svg', Source: 'rig' });
  root.install('tools', { '/usr/bin/convert-ps': programWith(), '/usr/bin/other': programWith() });
  root.install('svg', { '/usr/bin/convert-svg': programWith() }).install('unrelated', { '/usr/bin/convert-dvi': programWith() });
  const { all, notices } = find(root);
  expect(all.filter((file) => file.startsWith('/usr/bin/'))).toEqual(['/usr/bin/rig']);
  expect(notices).toEqual([expect.stringMatching(/^\/usr\/bin\/rig may start .* only recommends: convert-ps, convert-svg; add those/)]);
});
