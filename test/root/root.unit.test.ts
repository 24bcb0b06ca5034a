import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { unchanged } from '../../lib/root/looks';
import { Fixture, temporaryDirectory } from '../fixture';

let fixture: Fixture;
let root: DirectoryRoot;
beforeEach(() => {
  // in memory, a directory that is changed twice within a few milliseconds may keep its times
  fixture = new Fixture(temporaryDirectory());
  root = new DirectoryRoot(fixture.directory);
});

const write = (files: Parameters<Fixture['write']>[0]) => fixture.write(files);

describe('a path inside a root', () => {
  test('leads to the file there', () => {
    write({ '/a/b/file': 'x' });
    expect(root.real('/a/b/file')).toBe('/a/b/file');
    expect(root.real('/')).toBe('/');
    expect(root.locate('/a/b/file')).toBe(`${fixture.directory}/a/b/file`);
    expect(root.read('/a/b/file').toString()).toBe('x');
  });

  test('is normalized: . and .. and // and a trailing /', () => {
    write({ '/a/b/file': '' });
    expect(root.real('//a/./b/../b//file')).toBe('/a/b/file');
    expect(root.real('/a/b/')).toBe('/a/b');
  });

  test('with .. above the root stays in the root', () => {
    write({ '/a/file': '' });
    expect(root.real('/../../a/file')).toBe('/a/file');
    expect(root.real('/a/../../..')).toBe('/');
  });

  test('with .. after a link is resolved from the link\'s target', () => {
    write({ '/far/away/file': '', '/far/note': '', '/near/link': { link: '../far/away' } });
    expect(root.real('/near/link/../note')).toBe('/far/note');
  });

  test('through a file, or through a name that does not exist, leads nowhere', () => {
    write({ '/a/file': '' });
    expect(root.real('/a/file/below')).toBeUndefined();
    expect(root.real('/a/gone/../file')).toBeUndefined();
    expect(root.real('/a/gone')).toBeUndefined();
  });
});

describe('a link inside a root', () => {
  test('with an absolute target leads to a place in the root', () => {
    write({ '/usr/lib/file': 'inside', '/link': { link: '/usr/lib/file' } });
    expect(root.resolve('/link')).toEqual({ real: '/usr/lib/file', links: [{ path: '/link', target: '/usr/lib/file' }] });
  });

  test('with an absolute target does not lead to the machine\'s own files', () => {
    write({ '/link': { link: '/etc/passwd' } });
    expect(fs.existsSync('/etc/passwd')).toBe(true);
    expect(root.real('/link')).toBeUndefined();
  });

  test('with .. above the root stays in the root', () => {
    write({ '/a/link': { link: '../../../../../../../../etc/hostname' }, '/etc/hostname': 'inside' });
    expect(root.real('/a/link')).toBe('/etc/hostname');
  });

  test('is followed in the middle of a path, and listed', () => {
    write({
      '/usr/lib64/lib.so.1.2': '',
      '/lib64': { link: 'usr/lib64' },
      '/usr/lib64/lib.so.1': { link: 'lib.so.1.2' },
      '/usr/lib64/lib.so': { link: '/lib64/lib.so.1' },
    });
    expect(root.resolve('/lib64/lib.so')).toEqual({
      real: '/usr/lib64/lib.so.1.2',
      links: [
        { path: '/lib64', target: 'usr/lib64' },
        { path: '/usr/lib64/lib.so', target: '/lib64/lib.so.1' },
        { path: '/lib64', target: 'usr/lib64' },
        { path: '/usr/lib64/lib.so.1', target: 'lib.so.1.2' },
      ],
    });
  });

  test('to itself, or to a link that leads back, leads nowhere', () => {
    write({ '/self': { link: 'self' }, '/one': { link: 'two' }, '/two': { link: '/one' } });
    expect(root.real('/self')).toBeUndefined();
    expect(root.real('/one')).toBeUndefined();
  });

  test('is followed at most 40 times in a path, like in the kernel', () => {
    write({ '/0': 'x' });
    for (let count = 1; count <= 41; count++) write({ [`/${count}`]: { link: `${count - 1}` } });
    expect(root.real('/40')).toBe('/0');
    expect(root.real('/41')).toBeUndefined();
    expect(fs.existsSync(fixture.locate('/40'))).toBe(true);
    expect(fs.existsSync(fixture.locate('/41'))).toBe(false);
  });

  test('without a target leads nowhere, and exists', () => {
    write({ '/link': { link: 'gone' } });
    expect(root.real('/link')).toBeUndefined();
    expect(root.status('/link')?.type).toBe('link');
  });
});

describe('a root with other links', () => {
  beforeEach(() => write({ '/usr/lib/a/file': '', '/usr/lib/b/file': '', '/chosen': { link: '/usr/lib/a' }, '/lib': { link: 'usr/lib' } }));

  test('resolves paths that follow one of them to another place, and all others as before', () => {
    expect([root.real('/chosen/file'), root.real('/lib/a/file')]).toEqual(['/usr/lib/a/file', '/usr/lib/a/file']);
    const other = root.withLinks(new Map([['/chosen', '/usr/lib/b']]));
    expect(other.resolve('/chosen/file')).toEqual({ real: '/usr/lib/b/file', links: [{ path: '/chosen', target: '/usr/lib/b' }] });
    expect(other.resolve('/lib/a/file')).toEqual(root.resolve('/lib/a/file'));
    expect(root.real('/chosen/file')).toBe('/usr/lib/a/file');
  });

  test('resolves a path that leads nowhere to its other place', () => {
    expect(root.real('/chosen/more')).toBeUndefined();
    write({ '/usr/lib/c/more': '' });
    expect(root.withLinks(new Map([['/chosen', '/usr/lib/c']])).real('/chosen/more')).toBe('/usr/lib/c/more');
  });
});

describe('a status', () => {
  test('is that of a file, a directory, a link or another type', () => {
    write({ '/file': '12345', '/link': { link: 'file' } });
    fixture.directories('/directory');
    expect(root.status('/file')).toMatchObject({ type: 'file', size: 5 });
    expect(root.status('/link')?.type).toBe('link');
    expect(root.status('/directory')?.type).toBe('directory');
    expect(root.status('/gone')).toBeUndefined();
    execFileSync('mkfifo', [fixture.locate('/pipe')]);
    expect(root.status('/pipe')?.type).toBe('other');
    expect([
      root.isFile('/link'),
      root.isDirectory('/link'),
      root.isFile('/directory'),
      root.isDirectory('/directory'),
      root.isFile('/gone'),
    ]).toEqual([true, false, false, true, false]);
  });

  test('is absent for pseudo file systems, which the kernel generates', () => {
    expect(fs.existsSync('/proc/self/status')).toBe(true);
    expect(['/proc', '/proc/self/status', '/sys', '/dev/null'].map((name) => new DirectoryRoot('/').real(name))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(new DirectoryRoot('/').looks()['/proc']).toBeUndefined();
  });

  test('has the permission bits', () => {
    write({ '/file': '' });
    fs.chmodSync(fixture.locate('/file'), 0o4711);
    expect(root.status('/file')?.mode).toBe(0o4711);
  });

  test('and names in a directory are sorted by code units', () => {
    write({ '/d/b': '', '/d/B': '', '/d/a10': '', '/d/a9': '', '/d/é': '', '/d/.hidden': '' });
    expect(root.names('/d')).toEqual(['.hidden', 'B', 'a10', 'a9', 'b', 'é']);
    expect(root.names('/d/b')).toEqual([]);
    expect(root.names('/gone')).toEqual([]);
  });
});

describe('a path is world-readable', () => {
  const mode = (inside: string, bits: number) => fs.chmodSync(fixture.locate(inside), bits);

  test('if the file has the bit for others, and others can enter its directories', () => {
    write({ '/a/b/file': '' });
    mode('/a/b/file', 0o644);
    expect(root.isPublic('/a/b/file')).toBe(true);
  });

  test.each([0o640, 0o600, 0o711])('not everybody: a file of mode %#o'.replace('%#o', '%i'), (bits) => {
    write({ '/a/file': '' });
    mode('/a/file', bits);
    expect(root.isPublic('/a/file')).toBe(false);
  });

  test('not if others cannot enter a directory above it', () => {
    write({ '/a/b/file': '' });
    mode('/a/b/file', 0o644);
    mode('/a', 0o750);
    expect(root.isPublic('/a/b/file')).toBe(false);
  });

  test('if others can enter its directory but not list it', () => {
    write({ '/a/file': '' });
    mode('/a/file', 0o644);
    mode('/a', 0o711);
    expect(root.isPublic('/a/file')).toBe(true);
    expect(root.isPublic('/a')).toBe(false);
  });

  test('not if it does not exist', () => {
    expect(root.isPublic('/gone')).toBe(false);
    expect(root.isReadable('/gone')).toBe(false);
  });

  test('not if this user cannot look at it, without an error', () => {
    write({ '/closed/file': '', '/file': '' });
    // the owner has no permission either: this test may run without root rights
    mode('/closed', 0);
    mode('/file', 0);
    fs.chmodSync(fixture.directory, 0o755);
    asNobody(() => {
      expect(root.real('/closed/file')).toBeUndefined();
      expect(root.names('/closed')).toEqual([]);
      expect(() => root.read('/file')).toThrow('EACCES');
    });
    mode('/closed', 0o700);
    mode('/file', 0o600);
    expect(root.isReadable('/file')).toBe(true);
  });
});

describe('a stamp', () => {
  const isUnchanged = () => unchanged(fixture.directory, JSON.parse(JSON.stringify(root.looks())));

  test('is the same if nothing has changed', () => {
    write({ '/a/file': 'x', '/link': { link: 'a' } });
    root.content(root.real('/link/file')!);
    root.real('/gone');
    root.names('/a');
    expect(isUnchanged()).toBe(true);
  });

  test('differs if a file has changed, even with the same size and time', () => {
    write({ '/a/file': 'x' });
    root.content('/a/file');
    const { atime, mtime } = fs.statSync(fixture.locate('/a/file'));
    fs.writeFileSync(fixture.locate('/a/file'), 'y');
    fs.utimesSync(fixture.locate('/a/file'), atime, mtime);
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a file has other permissions', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.chmodSync(fixture.locate('/a/file'), 0o600);
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a file was replaced by an equal one', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    write({ '/a/other': 'x' });
    fs.renameSync(fixture.locate('/a/other'), fixture.locate('/a/file'));
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a file was created where none was found', () => {
    root.real('/a/file');
    expect(isUnchanged()).toBe(true);
    fixture.directories('/a');
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a file was deleted', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.rmSync(fixture.locate('/a/file'));
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a link has another target', () => {
    write({ '/one': '', '/two': '', '/link': { link: 'one' } });
    root.real('/link');
    write({ '/link': { link: 'two' } });
    expect(isUnchanged()).toBe(false);
  });

  test('differs if a directory that was listed has a new name', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    root.names('/a');
    write({ '/a/new': '' });
    expect(isUnchanged()).toBe(false);
  });

  test.each<[string, Parameters<typeof write>[0]]>([
    ['a link in a directory that was listed has another target', { '/a/link': { link: 'other' } }],
    ['a file was created in a directory that was listed, where none was found', { '/a/gone': '' }],
  ])('differs if %s, although only the directory has a stamp', (_, change) => {
    write({ '/a/file': 'x', '/a/other': 'y', '/a/link': { link: 'file' } });
    root.names('/a');
    root.real('/a/link');
    root.real('/a/gone');
    expect(Object.keys(root.looks()).sort()).toEqual(['/a', '/a/file']);
    expect(isUnchanged()).toBe(true);
    write(change);
    expect(isUnchanged()).toBe(false);
  });

  test('is the same if a directory that was only passed through has a new name', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    write({ '/a/new': '' });
    expect(isUnchanged()).toBe(true);
  });

  test('differs if a directory that was passed through is replaced', () => {
    write({ '/a/file': 'x' });
    root.real('/a');
    fs.renameSync(fixture.locate('/a'), fixture.locate('/b'));
    write({ '/a': { link: 'b' } });
    expect(isUnchanged()).toBe(false);
  });

  test('is taken at the first look, so that changes in between are noticed', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.writeFileSync(fixture.locate('/a/file'), 'other');
    root.content('/a/file');
    expect(isUnchanged()).toBe(false);
  });
});

const wasRoot = process.geteuid!() === 0;

/** Drops the right to read everything if the test runs as root. */
function asNobody(body: () => void): void {
  if (!wasRoot) return body();
  process.seteuid!(65534);
  try {
    body();
  } finally {
    process.seteuid!(0);
  }
}

test('the bytes of a file do not change while another file is scanned or read', () => {
  write({ '/outer': 'outer', '/inner': 'inner', '/third': '#!/bin/sh' });
  root.scan('/outer', (outer) => {
    root.scan('/inner', (inner) => {
      expect(root.content('/third').kind).toBe('script');
      expect([outer.toString(), inner.toString()]).toEqual(['outer', 'inner']);
    });
  });
});
