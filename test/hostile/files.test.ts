/**
 * Files and directories that are made to take their reader's time or memory. Each is an error that names the file, or has the result of
 * an ordinary one. A hang fails by jest's time limit.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import { SpecialFileError, useRegularFile } from '../../lib/elf';
import { LIMITS, LimitError } from '../../lib/limits';
import { apkDatabase } from '../../lib/packages/apk';
import { PackagesByName } from '../../lib/packages/by-name';
import { DirectoryRoot } from '../../lib/root/directory-root';
import { find, Packaged, programWith } from '../collect/packaged';
import { Fixture } from '../fixture';

const GIB = 2 ** 30;

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

function rig(content = programWith('/usr/share/rig/data')): Packaged {
  return root.install('rig', { '/usr/bin/rig': content, '/usr/share/rig/data': '' });
}

/** Makes a sparse file. */
function sparse(inside: string, size: number, start: string | Buffer = ''): void {
  root.write({ [inside]: start });
  fs.truncateSync(root.locate(inside), size);
}

describe('a file larger than any layer', () => {
  test.each([3 * GIB, 10 * GIB])('with %d bytes, if the package lists it, is an error that names it', (size) => {
    rig();
    sparse('/usr/share/rig/data', size);
    expect(() => find(root)).toThrow(
      new RegExp(`/usr/share/rig/data: found ${size} bytes of a file, expected at most ${LIMITS.file.most}; .*exclude`),
    );
  });

  test('is not an error if it is excluded', () => {
    rig();
    sparse('/usr/share/rig/data', 3 * GIB);
    expect(find(root, 'rig', { exclude: ['/usr/share/rig/data'] }).data).toContain('/usr/bin/rig');
  });

  test('is an error as the program itself', () => {
    rig();
    sparse('/usr/bin/rig', 9 * GIB, programWith());
    fs.chmodSync(root.locate('/usr/bin/rig'), 0o755);
    expect(() => find(root)).toThrow(
      `binary 'rig': /usr/bin/rig is a 64-bit ELF file for x86_64 (found ${9 * GIB} bytes of a file, expected at most ${LIMITS.file.most}`,
    );
  });

  test.each([
    ['/etc/ld.so.cache', 'a loader cache', LIMITS.loaderCache.most],
    ['/etc/ld.so.conf', 'a loader configuration file', LIMITS.loaderConfiguration.most],
    ['/var/lib/dpkg/status', 'a package database', LIMITS.packageStatus.most],
    ['/var/lib/dpkg/info/rig.list', 'the file lists of a package database', LIMITS.fileLists.most],
  ])('as %s is an error', (file, what, most) => {
    rig();
    sparse(file, 10 * GIB);
    expect(() => find(root)).toThrow(`${file}: found ${10 * GIB} bytes of ${what}, expected at most ${most}`);
  });

  test('as the database of apk is an error', () => {
    root.write({ '/usr/lib/apk/db/installed': '' });
    sparse('/usr/lib/apk/db/installed', 600 * 1024 * 1024);
    expect(() => apkDatabase(new DirectoryRoot(root.directory))).toThrow(LimitError);
  });
});

test('a file that was replaced by a pipe is an error, and the reader does not block', () => {
  execFileSync('mkfifo', [root.locate('/etc/pipe')]);
  expect(() => useRegularFile(root.locate('/etc/pipe'), () => undefined)).toThrow(SpecialFileError);
  expect(() => new DirectoryRoot(root.directory).content('/etc/pipe')).toThrow(/\/etc\/pipe is not a regular file, expected one/);
});

test('a directory with too many entries is an error', () => {
  root.directories('/usr/share/rig');
  execFileSync('/bin/sh', ['-c', 'seq 65537 | xargs touch'], { cwd: root.locate('/usr/share/rig') });
  expect(() => new DirectoryRoot(root.directory).names('/usr/share/rig')).toThrow(
    '/usr/share/rig: found 65537 entries of a directory, expected at most 65536',
  );
});

test('a long chain of links between directories is followed without recursion', () => {
  rig();
  const count = 12_000;
  for (let index = 0; index < count; index++) root.directories(`/usr/share/rig/${index}`);
  for (let index = 1; index < count; index++) fs.symlinkSync(`../${index - 1}`, root.locate(`/usr/share/rig/${index}/before`));
  fs.symlinkSync(`rig/${count - 1}`, root.locate('/usr/share/rig-last'));
  expect(find(root, 'rig', { detectData: false, include: ['/usr/share/rig-last'] }).all).toEqual(
    expect.arrayContaining([expect.stringMatching(/\/usr\/share\/rig\/0$/)]),
  );
});

test('directories at the maximum depth are read without recursion', () => {
  const fixture = new Fixture();
  const depth = 1500;
  fixture.directories(`/usr/share/rig${'/n'.repeat(depth)}`);
  const packages = new PackagesByName(new DirectoryRoot(fixture.directory));
  expect(packages.files(packages.get('rig'))).toHaveLength(depth + 1);
});
