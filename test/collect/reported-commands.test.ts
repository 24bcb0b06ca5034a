import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

/** A program whose library has a message, and a package with a command. */
function withMessage(message: string, more: Readonly<Record<string, string>> = {}): Packaged {
  const root = new Packaged();
  root.install('rig', { '/usr/bin/rig': programWith('', ['librig.so.1']) }, { Depends: 'librig', Source: 'rig' });
  root.install('librig', { [`${LIB}/librig.so.1`]: libraryWith('librig.so.1', `\0${message}\n\0`) }, { Source: 'rig' });
  return root.install('painter', { '/usr/bin/paint': programWith(), ...more });
}

const notice = '/usr/bin/rig may start commands that are not packed, that its error messages name: paint; ' +
  'add those that are needed to the binaries';

test.each(['Cannot execute Painter (%s)', 'rig: failed to run \'paint\'', 'Unable to start paint.'])(
  'a command that a library of the program cannot start according to a message is named in a notice: %s',
  (message) => {
    const { all, notices } = find(withMessage(message));
    expect(all).not.toContain('/usr/bin/paint');
    expect(notices).toEqual([notice]);
    expect(find(withMessage(message), 'rig', { binaries: ['rig', 'paint'] }).notices).toEqual([]);
    expect(find(withMessage(message), 'rig', { exclude: ['/usr/bin/paint'] }).notices).not.toContain(notice);
  },
);

test('the notice is absent if a message has another word, or if the package of the command has a service', () => {
  for (const message of ['Cannot execute painters', 'the painter cannot run', 'cannot start painter']) {
    expect(find(withMessage(message)).notices).toEqual([]);
  }
  expect(find(withMessage('cannot start paint', { '/usr/lib/systemd/system/paint.service': '' })).notices).toEqual([]);
});
