import { execFileSync, spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { find, LIB, libraryWith, Packaged, programWith } from './packaged';
import { temporaryDirectory } from '../fixture';
import { plan } from '../plan/make';

/** Containers may not. */
const canMakeDevices = spawnSync('mknod', [path.join(temporaryDirectory(), 'null'), 'c', '1', '3']).status === 0;

let root: Packaged;
beforeEach(() => {
  root = new Packaged();
});

const mode = (inside: string, bits: number) => fs.chmodSync(root.locate(inside), bits);

describe('a file that is not world-readable is skipped with a reason', () => {
  test('a private key in a directory that the program mentions', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</etc/ssl></etc/ssl/private></etc/ssl/private/key.pem>') }, { Depends: 'openssl' });
    root.install('openssl', { '/etc/ssl/openssl.cnf': '' });
    root.write({ '/etc/ssl/private/key.pem': 'PRIVATE', '/etc/ssl/other.pem': 'PRIVATE' });
    mode('/etc/ssl/private/key.pem', 0o600);
    mode('/etc/ssl/other.pem', 0o640);
    const { data, skipped } = find(root);
    expect(data).toEqual(['/etc/ssl/openssl.cnf', '/usr/bin/rig']);
    expect(skipped.get('/etc/ssl/private/key.pem')).toBe('not world-readable');
    expect(skipped.get('/etc/ssl/other.pem')).toBe('not world-readable');
  });

  test('a world-readable key in a directory that is not world-accessible', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</etc/ssl></etc/ssl/private/key.pem>') }, { Depends: 'openssl' });
    root.install('openssl', { '/etc/ssl/openssl.cnf': '', '/etc/ssl/private/key.pem': 'PRIVATE' });
    mode('/etc/ssl/private', 0o710);
    const { data, all, skipped } = find(root);
    expect(data).toEqual(['/etc/ssl/openssl.cnf', '/usr/bin/rig']);
    expect(all).not.toContain('/etc/ssl/private');
    expect([...skipped.keys()]).toEqual(expect.arrayContaining(['/etc/ssl/private', '/etc/ssl/private/key.pem']));
  });

  test('a key through a link', () => {
    root.install('rig', { '/usr/bin/rig': programWith('</usr/lib/ssl/private>') }, { Depends: 'openssl' });
    root.install('openssl', { '/usr/lib/ssl/private': { link: '/etc/ssl/private' }, '/etc/ssl/private/one': '' });
    root.write({ '/etc/ssl/private/key.pem': 'PRIVATE' });
    mode('/etc/ssl/private/key.pem', 0o600);
    expect(find(root).data).not.toContain('/etc/ssl/private/key.pem');
  });

  test('a file of the program\'s package, and a generated file beside it', () => {
    root.install('rig', { '/usr/bin/rig': programWith(), '/etc/rig/secret': 'SECRET', '/etc/rig/rig.conf': '' });
    root.write({ '/etc/rig/made': 'SECRET' });
    mode('/etc/rig/secret', 0o640);
    mode('/etc/rig/made', 0o600);
    const { data, skipped } = find(root);
    expect(data).toEqual(['/etc/rig/rig.conf', '/usr/bin/rig']);
    expect([...skipped.keys()].sort()).toEqual(['/etc/rig/made', '/etc/rig/secret']);
  });

  test('a file below an included directory', () => {
    root.install('rig', { '/usr/bin/rig': programWith() });
    root.write({ '/srv/x/secret': 'SECRET', '/srv/x/one': '' });
    mode('/srv/x/secret', 0o640);
    expect(find(root, 'rig', { include: ['/srv/x'] }).data).toEqual(['/srv/x/one', '/usr/bin/rig']);
  });
});

describe('a machine-specific file is not packed', () => {
  const HOSTS = [
    '/etc/passwd',
    '/etc/shadow',
    '/etc/group',
    '/etc/hosts',
    '/etc/hostname',
    '/etc/resolv.conf',
    '/etc/nsswitch.conf',
    '/etc/machine-id',
    '/etc/localtime',
    '/etc/ld.so.cache',
    '/etc/pam.d/rig',
    '/etc/sudoers',
    '/root/.netrc',
    '/home/me/.netrc',
    '/run/rig/state',
    '/tmp/rig/one',
    '/var/log/rig/log',
    '/var/lib/dpkg/rig',
    '/var/tmp/rig/one',
  ];

  test.each(HOSTS)('%s, even if the program mentions it', (file) => {
    root.install('rig', { '/usr/bin/rig': programWith(`<${file}>`) });
    root.write({ [file]: '' });
    expect(find(root).data).toEqual(['/usr/bin/rig']);
  });

  test('even if the program\'s package owns it, or owns a link to it', () => {
    root.install('rig', {
      '/usr/bin/rig': programWith(),
      '/etc/pam.d/rig': '',
      '/usr/share/rig/users': { link: '/etc/passwd' },
      '/usr/share/rig/one': '',
    });
    root.write({ '/etc/passwd': '', '/etc/hosts': '', '/usr/share/rig/made': { link: '/etc/hosts' } });
    expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/one']);
  });

  test('unless include names it', () => {
    root.install('rig', { '/usr/bin/rig': programWith() });
    root.write({ '/etc/hosts': '' });
    expect(find(root, 'rig', { include: ['/etc/hosts'] }).data).toEqual(['/etc/hosts', '/usr/bin/rig']);
  });
});

describe('among the data, a special file is skipped with a reason:', () => {
  beforeEach(() => {
    root.install('rig', { '/usr/bin/rig': programWith('</var/lib/rig>'), '/var/lib/rig/one': '' });
  });

  function isSkipped(inside: string): void {
    const { all, data, skipped } = find(root);
    expect(data).toEqual(['/usr/bin/rig', '/var/lib/rig/one']);
    expect(all).not.toContain(inside);
    expect([...skipped.keys()]).toContain(inside);
  }

  test('a FIFO', () => {
    execFileSync('mkfifo', ['-m', '666', root.locate('/var/lib/rig/fifo')]);
    isSkipped('/var/lib/rig/fifo');
  });

  test('a socket', async () => {
    const script = 'require("net").createServer().listen(process.argv[1], () => process.stdout.write("."))';
    const server = spawn(process.execPath, ['-e', script, root.locate('/var/lib/rig/socket')], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await new Promise((resolve) => server.stdout.once('data', resolve));
      mode('/var/lib/rig/socket', 0o777);
      isSkipped('/var/lib/rig/socket');
    } finally {
      server.kill();
    }
  });

  (canMakeDevices ? test : test.skip)('a device', () => {
    execFileSync('mknod', ['-m', '666', root.locate('/var/lib/rig/null'), 'c', '1', '3']);
    isSkipped('/var/lib/rig/null');
  });

  test('a link to itself', () => {
    root.write({ '/var/lib/rig/loop': { link: 'loop' }, '/var/lib/rig/ping': { link: 'pong' }, '/var/lib/rig/pong': { link: 'ping' } });
    isSkipped('/var/lib/rig/loop');
    isSkipped('/var/lib/rig/ping');
  });

  test('a link out of the root', () => {
    root.write({
      '/var/lib/rig/out': { link: `../../..${root.directory}/../outside` },
      '/var/lib/rig/machine': { link: process.execPath },
    });
    isSkipped('/var/lib/rig/out');
    isSkipped('/var/lib/rig/machine');
  });
});

test('a directory with a link to its parent is read once', () => {
  root.install('rig', {
    '/usr/bin/rig': programWith('</usr/share/rig>'),
    '/usr/share/rig/one': '',
    '/usr/share/rig/deep/up': { link: '..' },
  });
  expect(find(root).data).toEqual(['/usr/bin/rig', '/usr/share/rig/deep/up', '/usr/share/rig/one']);
});

describe('a library that is not world-readable', () => {
  const installed = () => {
    root.install('rig', { '/usr/bin/rig': programWith('', ['librig.so.1']), [`${LIB}/librig.so.1`]: libraryWith('librig.so.1') });
    mode(`${LIB}/librig.so.1`, 0o700);
  };

  test('is an error if a requested program needs it', () => {
    installed();
    expect(() => find(root)).toThrow(
      /librig\.so\.1, needed by \/usr\/bin\/rig, is not world-readable, and any reader of the layer could read it\n {2}run chmod o\+r \S+librig\.so\.1, or name it in include/,
    );
  });

  test('is packed if include names it', () => {
    installed();
    expect(find(root, 'rig', { include: [`${LIB}/librig.so.1`] }).all).toContain(`${LIB}/librig.so.1`);
  });

  test('is packed if include names it, but not with a library in a home directory that is closed to others', () => {
    root.write({ '/home/one/tool': programWith('', ['libtool.so.1']), '/home/one/libtool.so.1': libraryWith('libtool.so.1') });
    mode('/home/one', 0o700);
    expect(find(root, '/home/one/tool', { libraryPath: '/home/one' }).all).toContain('/app/one/libtool.so.1');
  });
});

test('a home directory with a program in it is not searched for data, and a notice says so', () => {
  root.write({ '/home/one/bin/rig': programWith('</home/one/share/names>'), '/home/one/share/names/first': '' });
  const { plan: { entries }, notices } = plan(root, '/home/one/bin/rig', { detectData: true });
  expect(entries.map((entry) => entry.path)).not.toContain('/app/share/names/first');
  expect(notices).toEqual([
    expect.stringMatching(
      /^\/home\/one\/bin\/rig names paths below \/home\/one, such as \S+\/share\/names, and home directories are not searched for data: name what it needs in include/,
    ),
  ]);
});
