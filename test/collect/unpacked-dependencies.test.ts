import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

/** A program whose library has a text. */
function withText(text: string, fields = {}): Packaged {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith('', ['librig.so.1']) }, { Depends: 'librig, cc', Source: 'rig' });
  root.install('librig', { [`${LIB}/librig.so.1`]: libraryWith('librig.so.1', text) }, { Source: 'rig' });
  return root.install('cc', { '/usr/bin/cc': programWith(), '/usr/bin/cov': programWith() }, fields);
}

test('a command that is only a word in a library of the program is named in a notice if it has the name of a direct dependency', () => {
  const { all, notices } = find(withText('\0one of: em cc ld\0'));
  expect(all).not.toContain('/usr/bin/cc');
  expect(notices).toEqual(['/usr/bin/rig may start commands that are not packed, of packages that its own package depends on: cc; ' +
    'add those that are needed to the binaries']);
});

test('the notice is absent if no string has the word, if the command has another name, or if every system has its package', () => {
  for (const text of ['\0one of: emcc ld.cc\0', '\0one of: em cov ld\0']) expect(find(withText(text)).notices).toEqual([]);
  expect(find(withText('\0one of: em cc ld\0', { Essential: 'yes' })).notices).toEqual([]);
});

test('the notice is absent if the command is packed', () => {
  expect(find(withText('\0one of: em cc ld\0'), 'rig', { binaries: ['rig', 'cc'] }).notices).toEqual([]);
});
