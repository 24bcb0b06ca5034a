/**
 * Scripts and package databases that are made to take their reader's time or memory. Each is an error that names the file, or has the
 * result of an ordinary one. A hang fails by jest's time limit.
 */
import { readShebang } from '../../lib/closure/script';
import { shellCommands } from '../../lib/collect/commands/shell-commands';
import { LIMITS } from '../../lib/limits';
import { dpkgDatabase } from '../../lib/packages/dpkg';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { find, Packaged, programWith } from '../collect/packaged';

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

function rig(content = programWith('/usr/share/rig/data')): Packaged {
  return root.install('rig', { '/usr/bin/rig': content, '/usr/share/rig/data': '' });
}

describe('a script', () => {
  test('whose first line has thousands of blanks is read in linear time', () => {
    expect(readShebang(Buffer.from(`#!a${' '.repeat(4000)}\rb\nexit\n`))).toEqual({ interpreter: 'a', argument: '\rb' });
  });

  test.each([
    ['#!/bin/sh', '/bin/sh', ''],
    ['#! \t/bin/sh -e  x \t\n', '/bin/sh', '-e  x'],
    ['#! \t/bin/sh -e  x \t\r\n', '/bin/sh', '-e  x \t\r'],
    ['#!/bin/a\u00a0b c', '/bin/a\u00a0b', 'c'],
  ])('%j is read as the kernel reads it', (line, interpreter, argument) => {
    expect(readShebang(Buffer.from(line, 'latin1'))).toEqual({ interpreter, argument });
  });

  test('that is its own interpreter is an error', () => {
    root.install('rig', { '/usr/bin/rig': '#!/usr/bin/rig\n' });
    expect(() => find(root)).toThrow('is itself a script, expected a program');
  });

  test.each([
    ['assignments without end', 'a=; '.repeat(250_000) + '/'],
    ['assignments without blanks', 'a=;'.repeat(250_000) + '/'],
    ['quotes without end', 'a=" ;'.repeat(250_000)],
    ['separators', ';'.repeat(500_000)],
    ['words that take a command', '; exec'.repeat(100_000) + ' /'],
    ['one long word', `${'a'.repeat(1_000_000)}=`],
  ])('of %s is searched in linear time', (_, text) => {
    expect([...shellCommands(text)]).toEqual(text.includes('exec') ? ['exec'] : []);
  });

  test.each([
    ['convert a b', ['convert']],
    ['  if x=1 y="a b" convert; then rig|jq', ['convert', 'rig', 'jq']],
    ['exec nice gs -q', ['gs']],
    ['exec $x', ['exec']],
    ['/usr/bin/gs; a=$(date) b', ['b']],
    ['a="x"y gs', []],
    ["A='\n' gs", []],
    ['done', ['done']],
    ['x=$(cmd /x)', ['cmd']],
  ])('%j starts %j', (text, commands) => {
    expect([...shellCommands(text)]).toEqual(commands);
  });

  test('that mentions too many paths is an error that names it', () => {
    root.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${'/a/b '.repeat(200_001)}` }).install('dash', { '/usr/bin/sh': programWith() });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 200001 absolute paths in a file, expected at most 200000');
  });

  test('that joins too many paths is an error that names it', () => {
    root
      .install('rig', { '/usr/bin/rig': `#!/bin/sh\n${"prefix,'lib','x'\n".repeat(200_001)}` })
      .install('dash', { '/usr/bin/sh': programWith() });
    expect(() => find(root)).toThrow('/usr/bin/rig: found 200001 absolute paths in a file');
  });

  test('with an appended archive of megabytes is searched only in its first part', () => {
    root.install('rig', { '/usr/bin/rig': `#!/bin/sh\n${'/a/b '.repeat(2_000_000)}` }).install('dash', { '/usr/bin/sh': programWith() });
    expect(find(root).data).toContain('/usr/bin/rig');
  });
});

test('a long chain of packages of one source that depend on each other is followed without recursion', () => {
  const count = 20_000;
  const stanza = (index: number) =>
    `Package: ${index === 0 ? 'rig' : `p${index}`}\nStatus: install ok installed\nArchitecture: amd64\n` +
    `Source: rig\nDepends: p${index + 1}\n`;
  rig();
  root.write({ '/var/lib/dpkg/status': Array.from({ length: count }, (_, index) => stanza(index)).join('\n') });
  expect(find(root).data).toEqual(
    expect.arrayContaining(['/usr/bin/rig', '/usr/share/rig/data'].map((file) => expect.stringContaining(file))),
  );
});

describe('a package database', () => {
  const database = () => dpkgDatabase(new DirectoryRoot(root.directory), 'amd64')!;

  test('in which a package provides the same name 200,000 times lists that package once', () => {
    root.install('rig', {}, { Provides: 'a, '.repeat(200_000) }).install('other', {}, { Depends: 'a' });
    expect(database().get('other')!.depends).toEqual(['rig']);
  });

  test('with tens of thousands of packages of one source returns them all', () => {
    const stanzas = Array.from(
      { length: 60_000 },
      (_, index) => `Package: p${index}\nStatus: install ok installed\nArchitecture: amd64\nSource: rig\n`,
    );
    root.write({ '/var/lib/dpkg/status': stanzas.join('\n') });
    expect(database().builtFrom('rig')).toHaveLength(60_000);
  });

  test('with too many packages is an error', () => {
    root.write({ '/var/lib/dpkg/status': 'Package: x\n\n'.repeat(100_001) });
    expect(() => database().get('x')).toThrow('/var/lib/dpkg/status: found 100001 packages in a package database, expected at most 100000');
  });

  test('with endless lines in its file lists is an error', () => {
    root.write({ '/var/lib/dpkg/info/base-files.list': '\n'.repeat(LIMITS.fileListLines.most + 1) });
    expect(() => database().ownerOf('/x')).toThrow(
      '/var/lib/dpkg/info: found 8000001 lines in the file lists of a package database, expected at most 8000000',
    );
  });
});
