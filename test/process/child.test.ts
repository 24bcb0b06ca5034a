import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { runChild } from '../../lib/process/child';
import { aptEnvironment, engineEnvironment, nodeEnvironment, systemEnvironment, traceEnvironment } from '../../lib/process/environment';
import { temporaryDirectory } from '../fixture';

const environment = process.env;
beforeEach(() => {
  process.env = { ...environment };
});
afterEach(() => {
  process.env = environment;
});

const LIB = path.join(__dirname, '..', '..', 'lib');
const STRACE = path.join(LIB, '..', 'build', 'trace', 'strace.js');
const CHILD = path.join(LIB, '..', 'build', 'process', 'child.js');

/** The running processes of `sleep` with this argument. */
function sleeping(marker: string): number[] {
  return fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).filter((id) => {
    try {
      const [program, argument] = fs.readFileSync(`/proc/${id}/cmdline`, 'latin1').split('\0');
      return path.basename(program) === 'sleep' && argument === marker;
    } catch {
      return false;
    }
  });
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 600 && !isTrue(); tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(isTrue()).toBe(true);
}

describe('a child process', () => {
  test('is started only by lib/process/child.ts, and a thread only for progress and for small files', () => {
    const importing = (modules: string) =>
      fs
        .readdirSync(LIB, { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts'))
        .filter((name) => {
          const text = fs.readFileSync(path.join(LIB, name), 'utf8');
          const imports = text.replace(/^import type .* from 'child_process';$/m, '');
          return new RegExp(`'(?:node:)?(?:${modules})'`).test(imports);
        });
    expect(importing('child_process|execa|cluster')).toEqual(['process/child.ts']);
    expect(importing('worker_threads').sort()).toEqual([
      'pack/small-files-thread.ts', 'pack/small-files.ts', 'process/progress-thread.ts', 'process/progress.ts',
    ]);
  });

  test('gets only the variables that it is given', () => {
    process.env.AWS_SECRET_ACCESS_KEY = 'secret';
    expect(runChild('env', [], { environment: { GIVEN: 'yes' } })).toMatchObject({ failed: false, stdout: 'GIVEN=yes' });
    expect(runChild('env', [], { environment: {} }).stdout).toBe('');
  });

  test('is found on the PATH of this process, whatever its own PATH is', () => {
    const directory = temporaryDirectory();
    fs.writeFileSync(path.join(directory, 'own-command'), '#!/bin/sh\necho found\n', { mode: 0o755 });
    process.env.PATH = `${directory}:${process.env.PATH}`;
    expect(runChild('own-command', [], { environment: { PATH: '/none' } }).stdout).toBe('found');
    process.env.PATH = temporaryDirectory();
    expect(runChild('sh', [], { environment: {} })).toMatchObject({ failed: true, code: 'ENOENT' });
  });

  test.each([true, false])('ends when its parent is killed, unless that is turned off: %s', async (diesWithParent) => {
    const marker = `${process.pid}.${diesWithParent ? 1 : 2}`;
    const options = `{ environment: {}, diesWithParent: ${diesWithParent} }`;
    const script = `require(${JSON.stringify(CHILD)}).runChild('sleep', ['${marker}'], ${options})`;
    const parent = spawn(process.execPath, ['-e', script]);
    const ended = new Promise((resolve) => parent.once('exit', resolve));
    await until(() => sleeping(marker).length > 0);
    parent.kill('SIGKILL');
    await ended;
    if (diesWithParent) {
      await until(() => sleeping(marker).length === 0);
    } else {
      expect(sleeping(marker)).toHaveLength(1);
      for (const id of sleeping(marker)) process.kill(id);
    }
  });

  test('of a trace command ends with all of its own children when the tracing process is killed', async () => {
    const marker = `1${process.pid}.5`;
    const script = `require(${JSON.stringify(STRACE)}).trace(['setsid sleep ${marker} & sleep ${marker}'])`;
    const parent = spawn(process.execPath, ['-e', script], { env: { ...environment, TMPDIR: temporaryDirectory() } });
    await until(() => sleeping(marker).length === 2);
    parent.kill('SIGKILL');
    await until(() => sleeping(marker).length === 0);
  });
});

describe('the environment', () => {
  beforeEach(() => {
    Object.assign(process.env, { AWS_SECRET_ACCESS_KEY: 'secret', https_proxy: 'http://proxy', DOCKER_HOST: 'ssh://host', NODE_OPTIONS: '--no-warnings', HOME: '/home/me' });
  });

  test('of programs of the system, of packing, of apt and of trace commands contains no credentials', () => {
    for (const variables of [systemEnvironment(), nodeEnvironment(), aptEnvironment(), traceEnvironment('/work')]) {
      expect(Object.values(variables)).not.toContain('secret');
    }
  });

  test('of apt contains proxy settings, and selects English messages', () => {
    expect(aptEnvironment()).toMatchObject({ https_proxy: 'http://proxy', LC_ALL: 'C', PATH: process.env.PATH });
  });

  test('of a container engine contains its own variables and those for logging in to a registry', () => {
    expect(engineEnvironment()).toMatchObject({ https_proxy: 'http://proxy', DOCKER_HOST: 'ssh://host', HOME: '/home/me', AWS_SECRET_ACCESS_KEY: 'secret' });
    expect(engineEnvironment()).not.toHaveProperty('NODE_OPTIONS');
  });

  test('of a trace command is fixed, except for the paths on which the program was found', () => {
    expect(traceEnvironment('/work')).toEqual({
      PATH: process.env.PATH,
      HOME: '/work',
      TMPDIR: expect.any(String),
      LANG: 'C.UTF-8',
      TZ: ':UTC',
      ...(process.env.LD_LIBRARY_PATH === undefined ? {} : { LD_LIBRARY_PATH: process.env.LD_LIBRARY_PATH }),
    });
  });
});
