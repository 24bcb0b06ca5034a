import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { atTerminal, binaryLayer, MAIN, type Surroundings } from './command';
import { elfHeader, Fixture, noise, temporaryDirectory } from '../fixture';

/** An emulator that is registered with the kernel can start programs for arm64. */
const canEmulate = fs.existsSync('/proc/sys/fs/binfmt_misc/qemu-aarch64');

let layer: string;
beforeAll(() => {
  layer = path.join(temporaryDirectory(), 'rig.zip');
  expect(binaryLayer(['build', 'rig', '-o', layer]).status).toBe(0);
});

let temporary: string;
beforeEach(() => {
  temporary = temporaryDirectory();
  fs.chmodSync(temporary, 0o1777);
});
afterEach(() => {
  expect(fs.readdirSync(temporary)).toEqual([]); // no unpacked files are left
});

const run = (command: readonly string[], { options = [], ...more }: Surroundings & { options?: readonly string[] } = {}) => (
  binaryLayer(['run', layer, ...options, '--', ...command], { ...more, env: { TMPDIR: temporary, ...more.env } }));
const shell = (script: string, options: readonly string[] = []) => run(['sh', '-c', script], { options });

describe('run', () => {
  test('runs a program of the layer', () => {
    expect(run(['rig'])).toEqual({ status: 0, signal: null, stdout: expect.stringMatching(/^\w+ \w+\n\d+ .*\n.*\n.*\n$/), stderr: '' });
  });

  test('runs the layer\'s program even if PATH has another one with the same name', () => {
    const directory = path.join(temporaryDirectory(), 'layer');
    fs.mkdirSync(path.join(directory, 'bin'), { recursive: true });
    fs.writeFileSync(path.join(directory, 'bin', 'rig'), '#!/bin/sh\necho the layer\n', { mode: 0o755 });
    expect(binaryLayer(['run', directory, 'rig'])).toMatchObject({ status: 0, stdout: 'the layer\n' });
  });

  (canEmulate ? test.skip : test)('refuses a program for another machine, which it could not start', () => {
    const other = new Fixture().debian();
    other.write({ '/usr/bin/prog': elfHeader({ type: 2, machine: 183 }) });
    fs.chmodSync(other.locate('/usr/bin/prog'), 0o755);
    const zip = path.join(temporaryDirectory(), 'arm64.zip');
    const build = ['build', 'prog', '-q', '--source', `directory:${other.directory}`, '-o', zip];
    expect(binaryLayer(build)).toMatchObject({ status: 0, stderr: '' });
    const { status, stderr } = binaryLayer(['run', zip, 'prog']);
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringContaining(
        'binary-layer: the layer is for aarch64, and this machine, x86_64, cannot run it: ' +
          'use a machine of that architecture, or install an emulator',
      ),
    });
    expect(binaryLayer([...build.slice(0, -1), `${zip}.zip`, '--test', 'prog']).stderr).toContain(
      'testCommand cannot be run: the layer is for aarch64',
    );
    expect(fs.existsSync(`${zip}.zip`)).toBe(false);
  });

  test.each(['the zip', 'a directory'])('accepts %s', (what) => {
    const directory = path.join(temporaryDirectory(), 'layer');
    expect(binaryLayer(['build', 'rig', '-q', '-o', directory]).status).toBe(0);
    expect(binaryLayer(['run', what === 'the zip' ? layer : directory, 'rig'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('passes on standard input, standard output, standard error and the exit code', () => {
    expect(run(['sh', '-c', 'cat; echo error >&2; exit 7'], { input: 'in\0put\n' })).toEqual({
      status: 7,
      signal: null,
      stdout: 'in\0put\n',
      stderr: 'error\n',
    });
  });

  test('exits with 128 plus the number of the signal that ended the command', () => {
    expect(shell('kill -SEGV $$').status).toBe(139);
  });

  test('has the environment of a function, with added variables', () => {
    const { stdout } = run(['env'], { options: ['--env', 'STAGE=a=b', '-e', 'TZ=CET'], env: { OF_THIS_PROCESS: 'yes' } });
    const variables = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );
    expect(variables).toMatchObject({
      LAMBDA_TASK_ROOT: '/var/task',
      PATH: expect.stringMatching(/:\/opt\/bin$/),
      STAGE: 'a=b',
      TZ: 'CET',
    });
    expect(Object.keys(variables)).not.toContain('OF_THIS_PROCESS');
    expect(Object.keys(variables)).not.toContain('HOME');
  });

  test('hides the environment of the caller, in every process', () => {
    const { stdout } = run(['sh', '-c', 'cat /proc/[0-9]*/environ'], { env: { AWS_SECRET_ACCESS_KEY: 'secret-of-the-deployer' } });
    expect(stdout).toContain('LAMBDA_TASK_ROOT=/var/task');
    expect(stdout).not.toContain('secret-of-the-deployer');
  });

  test('runs the command as a user without privileges, who can write only to /tmp', () => {
    const attempt = 'for file in /tmp/x /x /opt/x /var/task/x /usr/x /dev/x; do if (: > $file) 2>/dev/null; then echo $file; fi; done';
    expect(shell(`id -u; pwd; ${attempt}`).stdout).toBe('993\n/var/task\n/tmp/x\n');
    expect(shell(attempt, ['--no-read-only']).stdout).toBe('/tmp/x\n/x\n/var/task/x\n/dev/x\n');
    expect(fs.existsSync('/x')).toBe(false);
  });

  test('mounts the function\'s code at /var/task, which is writable with --no-read-only', () => {
    const task = temporaryDirectory();
    fs.chmodSync(task, 0o777);
    fs.writeFileSync(path.join(task, 'code'), 'code\n');
    expect(shell('cat code; echo more > made', ['--task', task])).toMatchObject({ status: 2, stdout: 'code\n' });
    expect(shell('echo more > made', ['--task', task, '--no-read-only']).status).toBe(0);
    expect(fs.readFileSync(path.join(task, 'made'), 'utf8')).toBe('more\n');
  });

  test('can use another root directory, which need not have the mount points', () => {
    const root = new Fixture();
    root.copy(['/bin/bash-static', '/usr/bin/bash-static'].find((file) => fs.existsSync(file))!, '/usr/bin/sh');
    root.write({ '/bin': { link: 'usr/bin' }, '/var/lang/here': '', '/etc/name': 'foreign' });
    const { status, stdout, stderr } = shell('echo /*; echo /var/* /var/lang/*; read -r name < /etc/name; echo $name; rig > /tmp/rig', [
      '--root',
      root.directory,
    ]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toBe('/bin /dev /etc /opt /proc /tmp /usr /var\n/var/lang /var/task /var/lang/here\nforeign\n');
  });

  test('lists the layer\'s programs if the command does not exist', () => {
    expect(run(['rgi'])).toMatchObject({
      status: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^binary-layer: no command 'rgi' in the function: did you mean rig\?\n {2}the layer has rig; searched: /,
      ),
    });
  });
});

describe('at a terminal', () => {
  const terminal = (script: string, answers: readonly (readonly [string, string])[] = []) => (
    atTerminal(['run', layer, '--', 'sh', '-c', script], answers, { env: { TMPDIR: temporary } }));

  test('passes it on to the command', () => {
    expect(terminal('test -t 0 && test -t 1 && test -t 2 && echo $TERM; read -r line; echo "read $line"', [['xterm', 'text\n']])).toEqual({
      status: 0, screen: 'xterm\ntext\nread text\n',
    });
  });

  test('sends Ctrl-C to the command once', () => {
    const { status, screen } = terminal('n=0; trap "n=\\$((n+1))" INT; echo ready; sleep 1; sleep 1; echo "interrupted $n"; exit 5', [
      ['ready', '\x03'],
    ]);
    expect({ status, screen }).toEqual({ status: 5, screen: expect.stringMatching(/interrupted 1\n$/) });
  });

  test('Ctrl-C ends a command that does not handle it', () => {
    // short sleeps: dash defers a signal that arrives while it starts a command until that command has ended
    expect(terminal('echo ready; while :; do sleep 0.1; done', [['ready', '\x03']]).status).toBe(130);
  });

  test('prevents the command from typing into it', () => {
    const { status, screen } = atTerminal(
      ['run', layer, '--', 'python3', '-c', 'import fcntl, termios\nfcntl.ioctl(0, termios.TIOCSTI, b"x")'],
      [],
      { env: { TMPDIR: temporary } },
    );
    expect({ status, screen }).toEqual({ status: 1, screen: expect.stringMatching(/(?:Operation not permitted|Input\/output error)\n$/) });
  });
});

describe('signals', () => {
  /** Runs a script and waits until it prints `ready`. */
  const begin = async (script: string) => {
    const child = spawn(process.execPath, [MAIN, 'run', layer, '--', 'sh', '-c', script], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | string | null>((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
    let said = '';
    await new Promise<void>((resolve) => child.stdout.on('data', (data: Buffer) => {
      said += data.toString();
      if (said.includes('ready')) resolve();
    }));
    return { child, ended, said: () => said };
  };

  test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)('%s is passed on to the command', async (signal) => {
    const { child, ended, said } = await begin(`trap "echo got; exit 3" ${signal.slice(3)}; echo ready; while :; do sleep 0.1; done`);
    child.kill(signal);
    expect(await ended).toBe(3);
    expect(said()).toBe('ready\ngot\n');
  });

  test('SIGTERM before the command has started ends run', async () => {
    const made = new Fixture().debian();
    made.program('/usr/bin/prog', { flags: ['-static', '-no-pie'] });
    for (let index = 0; index < 3; index++) made.write({ [`/usr/share/prog/${index}`]: noise(20e6, index) });
    const large = path.join(temporaryDirectory(), 'large.zip');
    expect(
      binaryLayer(['build', 'prog', '--source', `directory:${made.directory}`, '--include', '/usr/share/prog', '-o', large]),
    ).toMatchObject({ status: 0 });
    const child = spawn(process.execPath, [MAIN, 'run', large, '--', 'prog'], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'ignore',
    });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(signal ?? code)));
    while (fs.readdirSync(temporary).length === 0 && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill('SIGTERM');
    expect(await ended).toBe('SIGTERM');
  });

  test('SIGKILL of run ends the command, too', async () => {
    const marker = `run-test-${process.pid}`;
    const { child, ended } = await begin(`: ${marker}; echo ready; while :; do sleep 0.1; done`);
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    const isLeft = () => fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).some((id) => {
      try {
        return fs.readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(marker);
      } catch {
        return false;
      }
    });
    for (let attempts = 0; isLeft() && attempts < 100; attempts++) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(isLeft()).toBe(false);
    fs.rmSync(temporary, { recursive: true }); // a process that was killed could not remove the files that it had unpacked
    fs.mkdirSync(temporary);
  });
});

describe('without a sandbox, run is an error:', () => {
  test.each([
    [
      'bubblewrap must be installed',
      undefined,
      'running a command requires bubblewrap: bwrap is not on PATH; install it on the machine that synthesizes, ' +
        'for example with apt-get install bubblewrap',
    ],
    [
      'user namespaces must be allowed',
      '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n',
      'bubblewrap cannot create the sandbox\n  it needs user namespaces: allow them, for example with sysctl ',
    ],
  ])('%s', (_, bwrap, message) => {
    const directory = temporaryDirectory();
    if (bwrap !== undefined) fs.writeFileSync(path.join(directory, 'bwrap'), bwrap, { mode: 0o755 });
    expect(run(['rig'], { env: { PATH: directory } })).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining(message) });
  });
});
