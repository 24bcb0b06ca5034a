import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { unchanged } from '../../lib/root/looks';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { Fixture } from '../fixture';

let fixture: Fixture;
let root: DirectoryRoot;
beforeEach(() => {
  fixture = new Fixture();
  root = new DirectoryRoot(fixture.directory);
});

const write = (files: Parameters<Fixture['write']>[0]) => fixture.write(files);

describe('a path inside a root', () => {
  test('leads to what stands there', () => {
    write({ '/a/b/file': 'x' });
    expect(root.real('/a/b/file')).toBe('/a/b/file');
    expect(root.real('/')).toBe('/');
    expect(root.locate('/a/b/file')).toBe(`${fixture.directory}/a/b/file`);
    expect(root.read('/a/b/file').toString()).toBe('x');
  });

  test('is put in order: . and .. and // and a trailing /', () => {
    write({ '/a/b/file': '' });
    expect(root.real('//a/./b/../b//file')).toBe('/a/b/file');
    expect(root.real('/a/b/')).toBe('/a/b');
  });

  test('that goes up beyond the root stays in it', () => {
    write({ '/a/file': '' });
    expect(root.real('/../../a/file')).toBe('/a/file');
    expect(root.real('/a/../../..')).toBe('/');
  });

  test('with .. behind a link counts from where the link leads', () => {
    write({ '/far/away/file': '', '/far/note': '', '/near/link': { link: '../far/away' } });
    expect(root.real('/near/link/../note')).toBe('/far/note');
  });

  test('leads nowhere through a file, or through what is not there', () => {
    write({ '/a/file': '' });
    expect(root.real('/a/file/below')).toBeUndefined();
    expect(root.real('/a/gone/../file')).toBeUndefined();
    expect(root.real('/a/gone')).toBeUndefined();
  });
});

describe('a link inside a root', () => {
  test('that is absolute leads to a place in the root', () => {
    write({ '/usr/lib/file': 'inside', '/link': { link: '/usr/lib/file' } });
    expect(root.resolve('/link')).toEqual({ real: '/usr/lib/file', links: [{ path: '/link', target: '/usr/lib/file' }] });
  });

  test('that is absolute does not lead to what the machine has there', () => {
    write({ '/link': { link: '/etc/passwd' } });
    expect(fs.existsSync('/etc/passwd')).toBe(true);
    expect(root.real('/link')).toBeUndefined();
  });

  test('that goes up beyond the root stays in it', () => {
    write({ '/a/link': { link: '../../../../../../../../etc/hostname' }, '/etc/hostname': 'inside' });
    expect(root.real('/a/link')).toBe('/etc/hostname');
  });

  test('is followed in the middle of a path, and each one that was crossed is told', () => {
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

  test('that leads to itself, or to one that leads back, leads nowhere', () => {
    write({ '/self': { link: 'self' }, '/one': { link: 'two' }, '/two': { link: '/one' } });
    expect(root.real('/self')).toBeUndefined();
    expect(root.real('/one')).toBeUndefined();
  });

  test('is followed 40 times in a path and no more, as the kernel does', () => {
    write({ '/0': 'x' });
    for (let count = 1; count <= 41; count++) write({ [`/${count}`]: { link: `${count - 1}` } });
    expect(root.real('/40')).toBe('/0');
    expect(root.real('/41')).toBeUndefined();
    expect(fs.existsSync(fixture.locate('/40'))).toBe(true);
    expect(fs.existsSync(fixture.locate('/41'))).toBe(false);
  });

  test('that dangles leads nowhere, and stands where it is', () => {
    write({ '/link': { link: 'gone' } });
    expect(root.real('/link')).toBeUndefined();
    expect(root.status('/link')?.type).toBe('link');
  });
});

describe('what stands somewhere', () => {
  test('is a file, a directory, a link or something else', () => {
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

  test('is of no root where the kernel makes it up, another at each look', () => {
    expect(fs.existsSync('/proc/self/status')).toBe(true);
    expect(['/proc', '/proc/self/status', '/sys', '/dev/null'].map((name) => new DirectoryRoot('/').real(name))).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(new DirectoryRoot('/').looks()['/proc']).toBeUndefined();
  });

  test('has the permission bits that it has', () => {
    write({ '/file': '' });
    fs.chmodSync(fixture.locate('/file'), 0o4711);
    expect(root.status('/file')?.mode).toBe(0o4711);
  });

  test('in a directory is listed by the code units of the names', () => {
    write({ '/d/b': '', '/d/B': '', '/d/a10': '', '/d/a9': '', '/d/é': '', '/d/.hidden': '' });
    expect(root.names('/d')).toEqual(['.hidden', 'B', 'a10', 'a9', 'b', 'é']);
    expect(root.names('/d/b')).toEqual([]);
    expect(root.names('/gone')).toEqual([]);
  });
});

describe('who may read it', () => {
  const mode = (inside: string, bits: number) => fs.chmodSync(fixture.locate(inside), bits);

  test('everybody: a file with the bit for others, in directories that others may enter', () => {
    write({ '/a/b/file': '' });
    mode('/a/b/file', 0o644);
    expect(root.isPublic('/a/b/file')).toBe(true);
  });

  test.each([0o640, 0o600, 0o711])('not everybody: a file of mode %#o'.replace('%#o', '%i'), (bits) => {
    write({ '/a/file': '' });
    mode('/a/file', bits);
    expect(root.isPublic('/a/file')).toBe(false);
  });

  test('not everybody: a file below a directory that others may not enter', () => {
    write({ '/a/b/file': '' });
    mode('/a/b/file', 0o644);
    mode('/a', 0o750);
    expect(root.isPublic('/a/b/file')).toBe(false);
  });

  test('a file in a directory that others may enter but not list', () => {
    write({ '/a/file': '' });
    mode('/a/file', 0o644);
    mode('/a', 0o711);
    expect(root.isPublic('/a/file')).toBe(true);
    expect(root.isPublic('/a')).toBe(false);
  });

  test('nobody: what is not there', () => {
    expect(root.isPublic('/gone')).toBe(false);
    expect(root.isReadable('/gone')).toBe(false);
  });

  test('what the user may not look at is not there for them, and no error', () => {
    write({ '/closed/file': '', '/file': '' });
    // closed to the owner too, who runs this test without root rights
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

describe('looks', () => {
  const isUnchanged = () => unchanged(fixture.directory, JSON.parse(JSON.stringify(root.looks())));

  test('see the same again as long as nothing has changed', () => {
    write({ '/a/file': 'x', '/link': { link: 'a' } });
    root.content(root.real('/link/file')!);
    root.real('/gone');
    root.names('/a');
    expect(isUnchanged()).toBe(true);
  });

  test('see that a file has changed, be its size and time as they were', () => {
    write({ '/a/file': 'x' });
    root.content('/a/file');
    const { atime, mtime } = fs.statSync(fixture.locate('/a/file'));
    fs.writeFileSync(fixture.locate('/a/file'), 'y');
    fs.utimesSync(fixture.locate('/a/file'), atime, mtime);
    expect(isUnchanged()).toBe(false);
  });

  test('see that a file has other permissions', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.chmodSync(fixture.locate('/a/file'), 0o600);
    expect(isUnchanged()).toBe(false);
  });

  test('see that a file was replaced by one that is the same', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    write({ '/a/other': 'x' });
    fs.renameSync(fixture.locate('/a/other'), fixture.locate('/a/file'));
    expect(isUnchanged()).toBe(false);
  });

  test('see that something stands where nothing was found', () => {
    root.real('/a/file');
    expect(isUnchanged()).toBe(true);
    fixture.directories('/a');
    expect(isUnchanged()).toBe(false);
  });

  test('see that something is gone', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.rmSync(fixture.locate('/a/file'));
    expect(isUnchanged()).toBe(false);
  });

  test('see that a link leads elsewhere', () => {
    write({ '/one': '', '/two': '', '/link': { link: 'one' } });
    root.real('/link');
    write({ '/link': { link: 'two' } });
    expect(isUnchanged()).toBe(false);
  });

  test('see a new name in a directory that was listed', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    root.names('/a');
    write({ '/a/new': '' });
    expect(isUnchanged()).toBe(false);
  });

  test('see no new name in a directory that was only passed through', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    write({ '/a/new': '' });
    expect(isUnchanged()).toBe(true);
  });

  test('see that a directory that was passed through is one no more', () => {
    write({ '/a/file': 'x' });
    root.real('/a');
    fs.renameSync(fixture.locate('/a'), fixture.locate('/b'));
    write({ '/a': { link: 'b' } });
    expect(isUnchanged()).toBe(false);
  });

  test('are those at the time of the first look: what changed in between is seen', () => {
    write({ '/a/file': 'x' });
    root.real('/a/file');
    fs.writeFileSync(fixture.locate('/a/file'), 'other');
    root.content('/a/file');
    expect(isUnchanged()).toBe(false);
  });
});

const wasRoot = process.geteuid!() === 0;

/** Without root's right to look at everything, where the test has it. */
function asNobody(body: () => void): void {
  if (!wasRoot) return body();
  process.seteuid!(65534);
  try {
    body();
  } finally {
    process.seteuid!(0);
  }
}

test('the bytes of a file stay as they are while another one is scanned, and while its content is looked at', () => {
  write({ '/outer': 'outer', '/inner': 'inner', '/third': '#!/bin/sh' });
  root.scan('/outer', (outer) => {
    root.scan('/inner', (inner) => {
      expect(root.content('/third').kind).toBe('script');
      expect([outer.toString(), inner.toString()]).toEqual(['outer', 'inner']);
    });
  });
});
