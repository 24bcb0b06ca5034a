import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { findProgram } from '../../lib/closure/find';
import { shimManager } from '../../lib/closure/shim';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { type Content, elfHeader, Fixture } from '../fixture';

const HOME = '/home/me';
const PYENV = `#!/usr/bin/env bash
set -e
[ -n "$PYENV_DEBUG" ] && set -x

program="\${0##*/}"

export PYENV_ROOT="/home/me/.pyenv"
exec "/home/me/.pyenv/libexec/pyenv" exec "$program" "$@"
`;
const ASDF = '#!/usr/bin/env bash\n# asdf-plugin: nodejs 20.1.0\nexec /home/me/.asdf/bin/asdf exec "node" "$@" # asdf_allow: \' asdf \'\n';

let fixture: Fixture;
beforeEach(() => {
  fixture = new Fixture();
});

function write(files: Record<string, Content>): void {
  fixture.write(files);
  for (const file of Object.keys(files)) if (fs.lstatSync(fixture.locate(file)).isFile()) fs.chmodSync(fixture.locate(file), 0o755);
}

const find = (binary: string, ...searchPath: string[]) =>
  findProgram(new DirectoryRoot(fixture.directory), binary, [...searchPath, '/usr/bin'], HOME);
const manager = (file: string) => shimManager(new DirectoryRoot(fixture.directory), file);

describe('a requested program that is a shim is rejected with its manager and the real files', () => {
  test('for a script of pyenv', () => {
    write({ '/home/me/.pyenv/shims/python3': PYENV, '/usr/bin/python3': elfHeader() });
    for (const version of ['3.9.2', '3.11.7', '3.12.1']) write({ [`/home/me/.pyenv/versions/${version}/bin/python3`]: elfHeader() });
    expect(() => find('python3', '/home/me/.pyenv/shims')).toThrow(
      [
        "binary 'python3': /home/me/.pyenv/shims/python3 is a shim of the version manager pyenv, which starts another file of this name",
        '  specify the path of that file instead: /home/me/.pyenv/versions/3.12.1/bin/python3, ' +
          '/home/me/.pyenv/versions/3.11.7/bin/python3, /home/me/.pyenv/versions/3.9.2/bin/python3, /usr/bin/python3',
      ].join('\n'),
    );
  });

  test('for a shim that is requested by its path', () => {
    write({ '/home/me/.pyenv/shims/python3': PYENV });
    expect(() => find('.pyenv/shims/python3')).toThrow(
      /is a shim of the version manager pyenv.*\n {2}that file was not found: ask pyenv for its path/,
    );
  });

  test('for a script in another directory, by the manager\'s name in its text', () => {
    write({ '/usr/bin/tool': '#!/usr/bin/env bash\nset -e\nexec "/opt/manager/bin/manager" exec "${0##*/}" "$@"\n' });
    expect(() => find('tool')).toThrow('/usr/bin/tool is a shim of the version manager manager');
  });

  test('for a link to volta\'s shim, with the versions of node', () => {
    write({
      '/home/me/.volta/bin/volta-shim': elfHeader(),
      '/home/me/.volta/bin/node': { link: 'volta-shim' },
      '/home/me/.volta/tools/image/node/20.1.0/bin/node': elfHeader(),
    });
    expect(() => find('node', '/home/me/.volta/bin')).toThrow(
      /version manager volta.*\n.*: \/home\/me\/\.volta\/tools\/image\/node\/20\.1\.0\/bin\/node$/,
    );
  });

  test('for a link to rustup, with the toolchains', () => {
    write({
      '/home/me/.cargo/bin/rustup': elfHeader(),
      '/home/me/.cargo/bin/cargo': { link: 'rustup' },
      '/home/me/.rustup/toolchains/stable-x86_64-unknown-linux-gnu/bin/cargo': elfHeader(),
    });
    expect(() => find('cargo', '/home/me/.cargo/bin')).toThrow(
      /version manager rustup.*\n.*: \/home\/me\/\.rustup\/toolchains\/stable-x86_64-unknown-linux-gnu\/bin\/cargo$/);
    expect(find('rustup', '/home/me/.cargo/bin').path).toBe('/home/me/.cargo/bin/rustup');
  });

  test('for a link of snap', () => {
    write({ '/usr/bin/snap': elfHeader(), '/snap/bin/jq': { link: '/usr/bin/snap' } });
    expect(() => find('jq', '/snap/bin')).toThrow('/snap/bin/jq is a shim of the version manager snap');
  });
});

describe('an interpreter that is a shim', () => {
  beforeEach(() => {
    write({ '/home/me/.pyenv/shims/python3': PYENV, '/home/me/tool': '#!/usr/bin/env python3\n' });
  });

  test('is skipped for the next real program on PATH', () => {
    write({ '/home/me/.asdf/shims/python3': ASDF.replace('"node"', '"python3"'), '/usr/bin/python3': elfHeader() });
    expect(find('./tool', '/home/me/.pyenv/shims', '/home/me/.asdf/shims').interpreter!.program.path).toBe('/usr/bin/python3');
  });

  test('is skipped if it is named by its path', () => {
    write({ '/usr/bin/python3': elfHeader(), '/home/me/tool': '#!/home/me/.pyenv/shims/python3\n' });
    expect(find('./tool').interpreter!.program.path).toBe('/usr/bin/python3');
  });

  test('is an error if PATH has nothing else', () => {
    expect(() => find('./tool', '/home/me/.pyenv/shims')).toThrow(
      /the interpreter of the script \/home\/me\/tool cannot be packed\n.*is a shim of the version manager pyenv/,
    );
  });
});

describe('the check for shims', () => {
  test.each([
    ['asdf\'s script', '/home/me/.asdf/shims/node', ASDF, 'asdf'],
    ['rbenv\'s script', '/home/me/.rbenv/shims/ruby', PYENV.replaceAll('pyenv', 'rbenv'), 'rbenv'],
    ['a script that calls basename', '/opt/x/tool', '#!/bin/sh\nname=$(basename "$0")\nexec mgr exec "$name" "$@"\n', 'mgr'],
  ])('recognizes %s', (_, file, text, name) => {
    write({ [file]: text });
    expect(manager(file)).toBe(name);
  });

  test('recognizes a link to another program in a directory named shims', () => {
    write({ '/usr/bin/mgr': elfHeader(), '/home/me/.mgr/shims/tool': { link: '/usr/bin/mgr' } });
    expect(manager('/home/me/.mgr/shims/tool')).toBe('mgr');
  });

  test('recognizes a hard link to the manager beside it', () => {
    write({ '/home/me/.cargo/bin/rustup': elfHeader() });
    fs.linkSync(fixture.locate('/home/me/.cargo/bin/rustup'), fixture.locate('/home/me/.cargo/bin/cargo'));
    expect(manager('/home/me/.cargo/bin/cargo')).toBe('rustup');
  });

  test.each([
    ['a program', { '/usr/bin/tool': elfHeader() }],
    ["a link of Debian's alternatives", { '/usr/bin/tool-2': elfHeader(), '/usr/bin/tool': { link: '/usr/bin/tool-2' } }],
    ['a link to a multi-call program', { '/usr/bin/busybox': elfHeader(), '/usr/bin/tool': { link: 'busybox' } }],
    ['a wrapper that sets a variable', { '/usr/bin/tool': '#!/bin/sh\nexport A=b\nexec /usr/lib/tool/tool "$@"\n' }],
    ['a script that runs a module of its own name', { '/usr/bin/tool': '#!/bin/sh\nexec python3 -m tool "$@"\n' }],
    [
      'a long script that may start itself by a manager',
      { '/usr/bin/tool': `#!/bin/sh\n${'echo a line\n'.repeat(30)}exec mgr exec tool "$@"\n` },
    ],
  ] as [string, Record<string, Content>][])('does not match %s', (_, files) => {
    write(files);
    expect(manager('/usr/bin/tool')).toBeUndefined();
  });
});

const shims = execFileSync('sh', ['-c', 'ls -d ~/.pyenv/shims 2>/dev/null || true'], { encoding: 'utf8' }).trim();
(shims === '' ? test.skip : test)('the real shims of this machine are recognized, all of them', () => {
  const root = new DirectoryRoot('/');
  for (const name of root.names(root.real(shims)!)) expect([name, shimManager(root, `${shims}/${name}`)]).toEqual([name, 'pyenv']);
  expect(() => findProgram(root, 'python3', [shims, '/usr/bin'], '/')).toThrow(
    /is a shim of the version manager pyenv.*\n.*versions\/.*\/bin\/python3/,
  );
});
