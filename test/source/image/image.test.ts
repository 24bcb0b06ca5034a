import { execFileSync, spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { Registry } from './registry';
import { directory, symbolicLink, tarOf } from './tar';
import type { Machine } from '../../../lib/elf';
import { ownFile } from '../../../lib/process/own-file';
import { openImage } from '../../../lib/source/image/image';
import { SourceError } from '../../../lib/source/source';
import { EXIT, Fixture, noise, temporaryDirectory } from '../../fixture';
import { make } from '../../plan/make';

const EXPORT = ownFile('source/image/export.js');

/** The storage of an engine only for this file, without images of the user. */
const storage = temporaryDirectory();
fs.writeFileSync(
  path.join(storage, 'storage.conf'),
  `[storage]\ndriver = "vfs"\ngraphroot = "${storage}/images"\nrunroot = "${storage}/run"\n`,
);
const registries = path.join(storage, 'registries.conf');
fs.writeFileSync(registries, '[[registry]]\nlocation = "localhost"\nblocked = true\n');

const environment = process.env;
let cache: string;
beforeEach(() => {
  cache = temporaryDirectory();
  process.env = {
    ...environment,
    CDK_DOCKER: 'podman',
    XDG_CACHE_HOME: cache,
    CONTAINERS_STORAGE_CONF: path.join(storage, 'storage.conf'),
    CONTAINERS_REGISTRIES_CONF: registries,
    BUILDAH_ISOLATION: 'chroot',
  };
});
afterEach(() => {
  process.env = environment;
});

function podman(...args: string[]): string {
  return execFileSync('podman', args, { encoding: 'utf8', env: process.env, stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

const containers = () => podman('ps', '--all', '--quiet');

/** Makes an image of a directory. */
function importImage(root: string, name: string, ...options: string[]): void {
  const file = path.join(temporaryDirectory(), 'root.tar');
  execFileSync('tar', ['-C', root, '-c', '-f', file, '.']);
  podman('import', ...options, file, name);
}

/** The cached images. */
function kept(): string[] {
  const at = path.join(cache, 'cdk-binary-layer', 'image');
  return fs.existsSync(at) ? fs.readdirSync(at) : [];
}

function errorOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(SourceError);
    return (error as Error).message;
  }
  throw new Error('it did not fail');
}

/** A container engine for a test, as a shell script. Its arguments are logged. */
function engine({
  inspect = '',
  create = '',
  exported = '',
  pull = '',
  rm = '',
}: {
  inspect?: string;
  create?: string;
  exported?: string;
  pull?: string;
  rm?: string;
}) {
  const place = temporaryDirectory();
  const file = path.join(place, 'engine');
  const log = path.join(place, 'log');
  const described = JSON.stringify([{ Id: 'a'.repeat(64), Os: 'linux', Architecture: 'amd64', Config: {} }]);
  fs.writeFileSync(
    file,
    [
      '#!/bin/sh',
      `echo "$*" >> ${log}`,
      'case "$1" in',
      `  image) ${inspect || `echo '${described}'`} ;;`,
      `  create) ${create || ':'} ;;`,
      `  export) ${exported || ':'} ;;`,
      `  pull) ${pull || ':'} ;;`,
      `  rm) ${rm || ':'} ;;`,
      'esac',
      '',
    ].join('\n'),
    { mode: 0o755 },
  );
  process.env.CDK_DOCKER = file;
  return { file, calls: () => fs.readFileSync(log, 'utf8').trim().split('\n') };
}

function archive(bytes: Buffer): string {
  const file = path.join(temporaryDirectory(), 'archive.tar');
  fs.writeFileSync(file, bytes);
  return file;
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const small = tarOf(directory('usr'), { name: 'usr/file', content: 'content' });

describe('an image', () => {
  const fixture = new Fixture().debian();
  fixture.compile('/usr/bin/tool', EXIT, ['-nostdlib', '-pie']);
  fs.mkdirSync(fixture.locate('/opt/tool'), { recursive: true });
  fs.writeFileSync(fixture.locate('/opt/tool/secret'), 'secret', { mode: 0o640 });
  fs.utimesSync(fixture.locate('/opt/tool/secret'), 1_000_000_007, 1_000_000_007);

  test('is a root with its files, and its container is removed', () => {
    importImage(
      fixture.directory,
      'localhost/tool',
      '--change',
      'ENV=PATH=/opt/tool:/usr/bin:relative',
      '--change',
      'ENV=LD_LIBRARY_PATH=/opt/lib',
      '--change',
      'WORKDIR=/opt',
    );
    const source = openImage('localhost/tool', 'x86_64');
    expect(source).toMatchObject({
      name: 'the image localhost/tool',
      searchPath: ['/opt/tool', '/usr/bin'],
      libraryPath: '/opt/lib',
      cwd: '/',
      machine: 'x86_64',
    });
    expect(source.directory.startsWith(`${cache}/cdk-binary-layer/image/`)).toBe(true);
    expect(fs.readlinkSync(path.join(source.directory, 'bin'))).toBe('usr/bin');
    const secret = fs.statSync(path.join(source.directory, 'opt/tool/secret'));
    expect([secret.mode & 0o777, secret.mtimeMs / 1000]).toEqual([0o640, 1_000_000_007]);
    expect(containers()).toBe('');
  });

  test('has the usual search path if it sets none', () => {
    importImage(fixture.directory, 'localhost/plain');
    expect(openImage('localhost/plain')).toMatchObject({
      searchPath: ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/games'],
      libraryPath: '',
      machine: undefined,
    });
  });

  test('is exported once, and again if its name refers to another image', () => {
    importImage(fixture.directory, 'localhost/changing');
    const first = openImage('localhost/changing');
    fs.writeFileSync(path.join(first.directory, 'mark'), '');
    expect(openImage('localhost/changing', 'x86_64').directory).toBe(first.directory);
    const other = new Fixture().debian();
    other.write({ '/usr/other': 'other' });
    importImage(other.directory, 'localhost/changing');
    const second = openImage('localhost/changing');
    expect(second.directory).not.toBe(first.directory);
    expect(fs.readFileSync(path.join(second.directory, 'usr/other'), 'utf8')).toBe('other');
    expect(kept()).toHaveLength(2);
  });

  test('may be built by CDK', () => {
    const context = temporaryDirectory();
    fs.cpSync(fixture.locate('/usr'), path.join(context, 'usr'), { recursive: true, verbatimSymlinks: true });
    fs.writeFileSync(path.join(context, 'Dockerfile'), 'FROM scratch\nCOPY usr /usr\nENV PATH=/usr/bin\n');
    // in a process with this process's environment: jest gives each test file a copy
    const build = 'process.stdout.write(require("aws-cdk-lib").DockerImage.fromBuild(process.argv[1]).image)';
    const image = execFileSync(process.execPath, ['-e', build, context], {
      encoding: 'utf8',
      env: process.env,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const source = openImage(image, 'x86_64');
    expect(source.searchPath).toEqual(['/usr/bin']);
    expect(fs.existsSync(path.join(source.directory, 'usr/bin/tool'))).toBe(true);
  });

  test('gives the same layer as a directory with its files', async () => {
    importImage(fixture.directory, 'localhost/layer');
    const { directory: opened } = openImage('localhost/layer');
    const there = Object.assign(Object.create(Fixture.prototype) as Fixture, { directory: opened });
    expect((await make(there, 'tool')).plan.key).toBe((await make(fixture, 'tool')).plan.key);
  });

  test('for another architecture is an error that names both', () => {
    importImage(fixture.directory, 'localhost/amd64');
    const message = errorOf(() => openImage('localhost/amd64', 'aarch64'));
    expect(message).toMatch(
      /^source the image localhost\/amd64: the local image is for linux\/amd64, not for linux\/arm64, and no other could be pulled\n/,
    );
    expect(message).toMatch(/podman pull --platform linux\/arm64 localhost\/amd64 ended with exit code 125\n {2}output:\n/);
    expect(message).toMatch(/\n {2}if the image is built locally, build it for linux\/arm64$/);
    expect(kept()).toEqual([]);
  });

  test('that does not exist is an error with the output of the engine', () => {
    expect(errorOf(() => openImage('localhost/nothing:1'))).toMatch(
      /^source the image localhost\/nothing:1: no such local image, and it could not be pulled\npodman pull localhost\/nothing:1 ended with exit code 125\n {2}output:\n[^]*Error: /,
    );
  });
});

describe('an image from a registry', () => {
  const registry = new Registry();
  beforeAll(async () => {
    await registry.start();
    fs.appendFileSync(registries, `[[registry]]\nlocation = "${registry.name.split('/')[0]}"\ninsecure = true\n`);
  });
  afterAll(() => registry.stop());

  const layer = (content: string) => tarOf(directory('usr'), { name: 'usr/of', content });
  const of = (machine: Machine, tag: string) =>
    fs.readFileSync(path.join(openImage(`${registry.name}:${tag}`, machine).directory, 'usr/of'), 'utf8');

  test('is pulled once for each architecture', () => {
    registry.push('two', { amd64: layer('x86_64'), arm64: layer('aarch64') });
    const both = () => [of('x86_64', 'two'), of('aarch64', 'two')];
    expect(both()).toEqual(['x86_64', 'aarch64']);
    const pulls = registry.pulls('two');
    expect(both()).toEqual(['x86_64', 'aarch64']);
    expect(registry.pulls('two')).toBe(pulls);
  });

  test('is pulled again if the cache was cleared and the image removed', () => {
    registry.push('removed', { amd64: layer('x86_64'), arm64: layer('aarch64') });
    expect([of('x86_64', 'removed'), of('aarch64', 'removed')]).toEqual(['x86_64', 'aarch64']);
    for (const name of kept().filter((one) => !one.includes('.'))) {
      fs.rmSync(path.join(cache, 'cdk-binary-layer/image', name), { recursive: true });
    }
    registry.push('removed', { amd64: layer('new x86_64'), arm64: layer('new aarch64') });
    expect([of('aarch64', 'removed'), of('x86_64', 'removed')]).toEqual(['aarch64', 'new x86_64']);
  });

  test('is exported again if its name was pulled again, even for another architecture', () => {
    registry.push('anew', { amd64: layer('x86_64'), arm64: layer('aarch64') });
    expect([of('x86_64', 'anew'), of('aarch64', 'anew')]).toEqual(['x86_64', 'aarch64']);
    registry.push('anew', { amd64: layer('new x86_64'), arm64: layer('new aarch64') });
    podman('pull', `${registry.name}:anew`);
    expect([of('aarch64', 'anew'), of('x86_64', 'anew')]).toEqual(['new aarch64', 'new x86_64']);
  });

  test('that does not exist for an architecture is an error that names the architecture', () => {
    registry.push('one', { amd64: layer('x86_64') });
    expect(errorOf(() => of('aarch64', 'one'))).toMatch(
      /: no such local image, and it could not be pulled\npodman pull --platform linux\/arm64 [^]*for architecture arm64/,
    );
    registry.pushAlone('alone', 'amd64', layer('x86_64'));
    expect(errorOf(() => of('aarch64', 'alone'))).toMatch(
      /: the image is for linux\/amd64, not for linux\/arm64: use an image for that platform, or set architecture/,
    );
    expect(of('x86_64', 'alone')).toBe('x86_64');
  });
});

test.each(['', '--help', '-v', 'a b', 'a\nb', 'ő'])('%j is not a valid name of an image', (reference) => {
  const { calls } = engine({});
  expect(errorOf(() => openImage(reference))).toMatch(
    /: expected the name of an image, such as debian:12 or public\.ecr\.aws\/debian\/debian:12$/,
  );
  expect(calls).toThrow('ENOENT');
});

test.each([
  ['no-such-engine', ' on PATH (ENOENT)'],
  ['/nowhere/docker', ' (ENOENT)'],
])('a missing engine (%s) is an error that says how to name another', (name, where) => {
  process.env.CDK_DOCKER = name;
  expect(errorOf(() => openImage('debian:12'))).toBe(
    [
      `source the image debian:12: container engine ${name} not found${where}`,
      '  install Docker, or set another engine in the environment: CDK_DOCKER=podman, CDK_DOCKER=finch',
    ].join('\n'),
  );
});

test('an engine that reports a pull but has no image is an error', () => {
  const { file } = engine({ inspect: "echo 'no such image' >&2; exit 1" });
  expect(errorOf(() => openImage('debian:12'))).toBe(
    `source the image debian:12: ${file} pull debian:12 succeeded, but the image does not exist`,
  );
  expect(kept()).toEqual([]);
});

test('an engine that does not run is an error with its output', () => {
  const refuse = "echo 'Cannot connect to the \x1b[1mDocker daemon' >&2; exit 1";
  const { file } = engine({ inspect: refuse, pull: refuse });
  expect(errorOf(() => openImage('debian:12'))).toBe([
    'source the image debian:12: no such local image, and it could not be pulled',
    `${file} pull debian:12 ended with exit code 1`,
    '  output:',
    '    Cannot connect to the \\x1b[1mDocker daemon',
  ].join('\n'));
});

test('an engine with an unexpected answer is an error with the answer', () => {
  engine({ inspect: "echo '[{}]'" });
  expect(errorOf(() => openImage('debian:12'))).toMatch(/engine image inspect: unexpected output: \[\{\}\]$/);
});

test('an image for another operating system is an error that names the system', () => {
  engine({ inspect: `echo '[{"Id":"${'b'.repeat(64)}","Os":"windows","Architecture":"amd64"}]'` });
  expect(errorOf(() => openImage('windows'))).toMatch(
    /the image is for windows\/amd64, not for linux\/amd64: use an image for that platform, or set architecture/,
  );
});

test('another platform with the same name is accepted', () => {
  const of = (architecture: string) => `echo '[{"Id":"${'b'.repeat(64)}","Os":"linux","Architecture":"${architecture}"}]'`;
  const { calls } = engine({
    inspect: `case "$*" in *--platform*) ${of('arm64')};; *) ${of('amd64')};; esac`,
    exported: `cat ${archive(small)}`,
  });
  const arm = openImage('debian:12', 'aarch64').directory;
  expect(calls()).toContainEqual(
    expect.stringMatching(/^create --pull=never --platform linux\/arm64 --name cdk-binary-layer-[0-9a-f]{16} debian:12 \/x$/),
  );
  expect(openImage('debian:12', 'x86_64').directory).not.toBe(arm);
  expect(calls().filter((call) => call.startsWith('pull'))).toEqual([]);
});

describe('an export', () => {
  const removed = (calls: () => string[]) => calls().filter((call) => call.startsWith('rm'));

  test('that fails is an error with the output of the engine, the container is removed, and nothing is cached', () => {
    const { file, calls } = engine({ exported: `head -c 700 ${archive(small)}; echo 'no space left on device' >&2; exit 3` });
    expect(errorOf(() => openImage('debian:12'))).toMatch(
      new RegExp(
        [
          '^source the image debian:12: export failed, nothing was cached: ' +
            `${file} export cdk-binary-layer-[0-9a-f]{16} ended with exit code 3`,
          '  output:',
          '    no space left on device$',
        ].join('\n'),
      ),
    );
    expect(removed(calls)).toHaveLength(1);
    expect(kept()).toEqual([]);
  });

  test.each([
    ['that is truncated without an error of the engine', small.subarray(0, 1024), "the archive is truncated after 'usr/file'"],
    ['without content', Buffer.alloc(0), 'the archive is truncated after its beginning'],
    [
      'that writes through a link',
      tarOf(symbolicLink('usr', '/tmp'), { name: 'usr/file' }),
      "'usr/file' in the archive is below 'usr', which is a link",
    ],
  ])('%s is an error, and nothing is cached', (_, bytes, message) => {
    const { calls } = engine({ exported: `cat ${archive(bytes)}` });
    expect(errorOf(() => openImage('debian:12'))).toBe(`source the image debian:12: export failed, nothing was cached: ${message}`);
    expect(removed(calls)).toHaveLength(1);
    expect(kept()).toEqual([]);
  });

  test('that is rejected in the middle ends without waiting for the rest', () => {
    engine({ exported: `cat ${archive(tarOf({ name: '../file' }))}; exec sleep 1000` });
    expect(errorOf(() => openImage('debian:12'))).toContain('leads out of the root');
  });

  test('without a container is an error, and a partial container is removed', () => {
    const { calls } = engine({ create: 'echo "image not known" >&2; exit 125' });
    expect(errorOf(() => openImage('debian:12'))).toMatch(
      /create --pull=never --name \S+ debian:12 \/x ended with exit code 125\n {2}output:\n {4}image not known$/,
    );
    expect(removed(calls)).toHaveLength(1);
  });

  test('of a name that now refers to another image is an error', () => {
    const count = path.join(temporaryDirectory(), 'count');
    engine({
      inspect: `echo >> ${count}; printf '[{"Id":"%064d","Os":"linux","Architecture":"amd64"}]' "$(wc -l < ${count})"`,
      exported: `cat ${archive(small)}`,
    });
    expect(errorOf(() => openImage('debian:12'))).toMatch(/the name was moved to another image during the export: try again$/);
    expect(kept()).toEqual([]);
  });

  test('whose container cannot be removed is cached, with a warning', () => {
    const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    engine({ exported: `cat ${archive(small)}`, rm: 'echo busy >&2; exit 1' });
    const source = openImage('debian:12');
    expect(write.mock.calls.join('')).toMatch(
      /exporting its file system\ncannot remove the container cdk-binary-layer-[0-9a-f]{16}\n {2}output:\n {4}busy\n/,
    );
    write.mockRestore();
    expect(fs.readFileSync(path.join(source.directory, 'usr/file'), 'utf8')).toBe('content');
  });

  test('without disk space is an error that names the directory', () => {
    const { file } = engine({ exported: `cat ${archive(tarOf({ name: 'large', content: noise(4e6, 1) }))}` });
    const place = path.join(temporaryDirectory(), 'full');
    fs.mkdirSync(place);
    const request = JSON.stringify({ engine: file, reference: 'debian:12', container: 'name', directory: `${place}/root` });
    const { status, stderr } = spawnSync(
      'bwrap',
      [
        '--dev-bind',
        '/',
        '/',
        '--size',
        '1000000',
        '--tmpfs',
        place,
        'sh',
        '-c',
        'mkdir "$1"; exec "$2" "$3" "$4"',
        'sh',
        `${place}/root`,
        process.execPath,
        EXPORT,
        request,
      ],
      { encoding: 'utf8' },
    );
    expect(status).toBe(1);
    expect(stderr).toBe(
      `no space left for 'large' in ${place}/root (ENOSPC)\n  free disk space, ` +
        'or set XDG_CACHE_HOME to a directory on a disk with more space',
    );
  });

  /** An export that stops halfway: the rest never arrives. */
  async function underWay() {
    const place = temporaryDirectory();
    const { file, calls } = engine({ exported: `head -c 1536 ${archive(small)}; exec sleep 1000` });
    const root = path.join(place, 'root');
    fs.mkdirSync(root);
    const request = JSON.stringify({ engine: file, reference: 'debian:12', container: 'name', directory: root });
    const exporting = spawn(process.execPath, [EXPORT, request], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    exporting.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    const ended = new Promise((resolve) => exporting.on('close', resolve));
    await until(() => fs.existsSync(path.join(root, 'usr/file')));
    return { exporting, ended, root, calls, said: () => said };
  }

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('that is ended by %s leaves neither a container nor a file', async (signal) => {
    const { exporting, ended, root, calls, said } = await underWay();
    exporting.kill(signal);
    await ended;
    expect(said()).toBe(`stopped by ${signal}`);
    expect(removed(calls)).toEqual(['rm --force --volumes name']);
    expect(fs.existsSync(root)).toBe(false);
  });

  test('whose parent has died leaves neither a container nor a file', async () => {
    const place = temporaryDirectory();
    const { file, calls } = engine({ exported: `head -c 1536 ${archive(small)}; while head -c 512 /dev/zero; do sleep 0.02; done` });
    const root = path.join(place, 'root');
    fs.mkdirSync(root);
    const request = JSON.stringify({ engine: file, reference: 'debian:12', container: 'name', directory: root });
    const waiting = spawn('sh', ['-c', '"$@" & wait', 'sh', process.execPath, EXPORT, request], { stdio: 'ignore' });
    await until(() => fs.existsSync(path.join(root, 'usr/file')));
    waiting.kill('SIGKILL');
    await until(() => calls().includes('rm --force --volumes name'));
    expect(fs.existsSync(root)).toBe(false);
  });

  test('that was killed is not cached, and the waiting process removes its container', () => {
    const whole = archive(small);
    const exporter = path.join(temporaryDirectory(), 'pid');
    const { calls } = engine({
      create: `echo $PPID > ${exporter}`,
      exported: `head -c 1536 ${whole}; until ls ${cache}/cdk-binary-layer/image/.*/usr/file; do :; done 2>/dev/null; ` +
        `kill -9 "$(cat ${exporter})"`,
    });
    expect(errorOf(() => openImage('debian:12'))).toMatch(/export failed, nothing was cached: the exporting process ended with SIGKILL$/);
    expect(removed(calls)).toHaveLength(1);
    expect(kept()).toEqual([]);
    engine({ exported: `cat ${whole}` });
    expect(fs.readFileSync(path.join(openImage('debian:12').directory, 'usr/file'), 'utf8')).toBe('content');
  });
});
