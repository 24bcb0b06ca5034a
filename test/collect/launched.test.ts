import * as fs from 'fs';
import { find, LIB, libraryWith, Packaged, programWith } from './packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

/** A shell for scripts, without dependencies. */
const withShell = () => root.install('dash', { '/usr/bin/sh': programWith() }, { Essential: 'yes' });

describe('a program behind a launcher is packed with its package', () => {
  const launcher = (text: string) => {
    withShell().install(
      'rig-common',
      { '/usr/lib/rig/rig': `#!/bin/sh\n${text}\n`, '/usr/bin/rig': { link: '../lib/rig/rig' } },
      { Source: 'rig' },
    );
    fs.chmodSync(root.locate('/usr/lib/rig/rig'), 0o755);
  };
  const core = (fields: Record<string, string> = { Source: 'rig' }, directory = '/usr/lib/rig') => {
    root.install(
      'rig-core',
      {
        [`${directory}/rig.bin`]: programWith('', ['librig.so.1']),
        '/usr/share/rig-core/table': '',
        [`${LIB}/librig.so.1`]: libraryWith('librig.so.1'),
      },
      fields,
    );
    fs.chmodSync(root.locate(`${directory}/rig.bin`), 0o755);
  };
  const isPacked = (file: string) => find(root).all.includes(file);

  test.each([
    ['a variable', 'dir=`dirname "$0"`; exec "$dir/rig.bin" "$@"'],
    ['a variable without its last component', 'exec "${0%/*}/rig.bin" "$@"'],
    ['a variable in braces', 'exec "${dir}"/rig.bin "$@"'],
    ['a command substitution', 'exec "$(dirname "$(readlink -f "$0")")/rig.bin" "$@"'],
    ['a directory above', 'exec $dir/../rig/rig.bin'],
  ])('if it is in the directory of the script, after %s', (_, text) => {
    launcher(text);
    core();
    for (const file of ['/usr/lib/rig/rig.bin', '/usr/share/rig-core/table', `${LIB}/librig.so.1`]) expect(find(root).all).toContain(file);
  });

  test('if it is in a directory that the script mentions', () => {
    launcher('home=/usr/lib/rig-core; exec "$home/rig.bin"');
    core({ Source: 'rig' }, '/usr/lib/rig-core');
    expect(isPacked('/usr/share/rig-core/table')).toBe(true);
  });

  test('unless its package is unrelated to that of the script', () => {
    launcher('exec "$dir/rig.bin"');
    core({ Source: 'other' });
    expect(isPacked('/usr/lib/rig/rig.bin')).toBe(false);
  });

  test('unless the user excludes it', () => {
    launcher('exec "$dir/rig.bin"');
    core();
    const { all, skipped } = find(root, 'rig', { exclude: ['/usr/lib/rig/rig.bin'] });
    expect(all).not.toContain('/usr/lib/rig/rig.bin');
    expect(skipped.get('/usr/lib/rig/rig.bin')).toContain('excluded');
  });
});
