import * as fs from 'fs';
import * as path from 'path';
import { onPath } from '../../lib/process/child';
import { BUSYBOX, isStatic, type Limits, runInSandbox, type Sandbox, tmpfs, USER } from '../../lib/sandbox/bubblewrap';
import { temporaryDirectory } from '../fixture';

const LIMITS: Limits = { processes: 100, memory: 1024 ** 3, fileSize: 64 * 1024 ** 2, time: 60_000, shell: '/bin/sh' };

/** A directory that the user of the sandbox can enter and write to. */
function writable(): string {
  const directory = temporaryDirectory();
  fs.chmodSync(directory, 0o755);
  const inside = path.join(directory, 'inside');
  fs.mkdirSync(inside);
  fs.chmodSync(inside, 0o777);
  return inside;
}

function run(script: string, limits: Partial<Limits> = {}, more: Partial<Sandbox> = {}) {
  const shell = onPath(...BUSYBOX).find(isStatic)!;
  const mounts = ['--ro-bind', shell, '/bin/sh', '--proc', '/proc', '--dev', '/dev', ...tmpfs('/tmp', 1024 ** 2), ...(more.mounts ?? [])];
  const sandbox: Sandbox = { user: 'function', network: false, directory: '/', environment: { GIVEN: 'yes' }, ...more, mounts };
  return runInSandbox(sandbox, ['/bin/sh', '-c', script], { ...LIMITS, ...limits });
}

describe('a sandbox', () => {
  test('has only the environment that it is given, in every process', () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret-of-the-deployer';
    try {
      expect(run('cat /proc/1/environ').stdout).toBe('');
      expect(run('cat /proc/[0-9]*/environ').stdout).not.toContain('secret-of-the-deployer');
      expect(run('echo $GIVEN').stdout).toBe('yes');
    } finally {
      delete process.env.AWS_SECRET_ACCESS_KEY;
    }
  });

  test('has a user without privileges, who may be root by number', () => {
    expect(run('id -u').stdout).toBe(String(USER.uid));
    expect(run('id -u; chroot / true || echo refused', {}, { user: 'root' }).stdout).toBe('0\nrefused');
  });

  test('ends with the exit code of its command, with and without a limit on disk space', () => {
    const directory = writable();
    for (const disk of [undefined, { directory, bytes: 1024 ** 2 }]) {
      expect(run('exit 7', { disk })).toMatchObject({ failed: true, exitCode: 7 });
      expect(run('echo out; echo err >&2', { disk })).toMatchObject({ failed: false, exitCode: 0, stdout: 'out', stderr: 'err' });
    }
  });
});

describe('a program in a sandbox is limited', () => {
  test('in file size', () => {
    const directory = writable();
    expect(run('dd if=/dev/zero of=/in/file bs=1M count=80', {}, { mounts: ['--bind', directory, '/in'] }).failed).toBe(true);
    expect(fs.statSync(path.join(directory, 'file')).size).toBe(LIMITS.fileSize);
  });

  test('in memory', () => {
    const { failed, stderr } = run('x=0123456789; while :; do x=$x$x$x$x; done', { memory: 256 * 1024 ** 2 });
    expect(failed).toBe(true);
    expect(stderr).toMatch(/out of memory|Segmentation fault|memory exhausted/);
  });

  test('in number of processes', () => {
    expect(run('i=0; while [ $i -lt 200 ]; do sleep 9 & i=$((i + 1)); done').stderr).toMatch(
      /can't fork: Resource temporarily unavailable/,
    );
  });

  test('in the size of files in memory', () => {
    expect(run('dd if=/dev/zero of=/tmp/file bs=1M count=2').stderr).toMatch(/No space left on device/);
  });

  test('in the disk space of a directory', () => {
    const directory = writable();
    const written = 'for i in 1 2 3 4 5 6; do dd if=/dev/zero of=/in/$i bs=1M count=5; done; sleep 50';
    const ended = run(written, { disk: { directory, bytes: 10 * 1024 ** 2 } }, { mounts: ['--bind', directory, '/in'] });
    expect(ended).toMatchObject({ failed: true, exitCode: 137, timedOut: false });
  });

  test('in time', () => {
    const ended = run('echo begun; sleep 100', { time: 1000, disk: { directory: writable(), bytes: 1024 ** 2 } });
    expect(ended).toMatchObject({ timedOut: true, stdout: 'begun' });
  });
});
