import { execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { isOwn, makeCacheDirectory, readCached } from '../../lib/process/cache-directory';
import { OWNER, removeLeftovers, temporaryDirectory } from '../../lib/process/leftovers';
import { discard, removeTree } from '../../lib/process/remove-tree';
import { writeWhole } from '../../lib/process/whole-file';
import { cachedRoot } from '../../lib/source/cached-root';
import { temporaryDirectory as ownDirectory } from '../fixture';

const BUILD = path.join(__dirname, '..', '..', 'build');
const isRoot = process.geteuid?.() === 0;

const environment = process.env;
beforeEach(() => {
  process.env = { ...environment };
});
afterEach(() => {
  process.env = environment;
  jest.restoreAllMocks();
});

/** Runs a script in a process that is killed after it has written a line. */
async function killed(script: string): Promise<string> {
  const child = spawn(process.execPath, ['-e', `${script}; setInterval(() => {}, 1000)`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: process.env,
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let line = '';
  for await (const text of child.stdout.setEncoding('utf8')) {
    line += text;
    if (line.includes('\n')) child.kill('SIGKILL');
  }
  await ended;
  return line.trim();
}

describe('a temporary directory', () => {
  test('of a process that was killed is removed with its contents by the next process', async () => {
    const parent = ownDirectory();
    const left = await killed([
      `const directory = require(${JSON.stringify(`${BUILD}/process/leftovers.js`)}).temporaryDirectory('run', ${JSON.stringify(parent)})`,
      "require('fs').mkdirSync(directory + '/opt', { mode: 0o500 })",
      'console.log(directory)',
    ].join('; '));
    expect(fs.existsSync(left)).toBe(true);
    const own = temporaryDirectory('run', parent);
    expect(fs.readdirSync(parent)).toEqual([path.basename(own)]);
    expect(path.basename(own)).toContain(OWNER);
  });

  test('of a running process, another machine, another user or another program is not removed', () => {
    const parent = ownDirectory();
    const names = [`binary-layer-run-${OWNER}-abcdef`, 'binary-layer-run-1-1-00000000-abcdef', 'binary-layer-other', 'other-1-1'];
    for (const name of names) fs.mkdirSync(path.join(parent, name));
    for (const name of names) fs.utimesSync(path.join(parent, name), 1, /^binary-layer-run-1-/.test(name) ? Date.now() / 1000 : 1);
    const foreign = `binary-layer-run-99999999-1-${OWNER.split('-')[2]}-abcdef`;
    fs.mkdirSync(path.join(parent, foreign));
    if (isRoot) fs.chownSync(path.join(parent, foreign), 65534, 65534);
    removeLeftovers(parent, 'binary-layer-');
    expect(fs.readdirSync(parent).sort()).toEqual([...names, ...(isRoot ? [foreign] : [])].sort());
  });
});

test('an unfinished file beside an output is removed when its process has died, and no other files are', () => {
  const directory = ownDirectory();
  const file = path.join(directory, 'layer.zip');
  const names = ['layer.zip.backup', 'layer.zip.1.tmp', `layer.zip.${OWNER}.untried`];
  for (const name of [...names, `layer.zip.99999999-1-${OWNER.split('-')[2]}.tmp`]) {
    fs.writeFileSync(path.join(directory, name), '');
    fs.utimesSync(path.join(directory, name), 1, 1);
  }
  writeWhole(file, 'text');
  expect(fs.readdirSync(directory).sort()).toEqual(['layer.zip', ...names].sort());
});

describe('removing a tree', () => {
  test('works at any depth, even if paths are longer than the system allows', () => {
    const directory = path.join(ownDirectory(), 'deep');
    execFileSync('python3', [
      '-c',
      'import os, sys\nos.mkdir(sys.argv[1])\nos.chdir(sys.argv[1])\nfor _ in range(3000):\n  os.mkdir("directory")\n  ' +
        'os.chdir("directory")\nopen("file", "w")',
      directory,
    ]);
    removeTree(directory);
    expect(fs.existsSync(directory)).toBe(false);
  });

  test('removes names that are not UTF-8, directories that are not writable, and links, which are not followed', () => {
    const directory = path.join(ownDirectory(), 'odd');
    const outside = ownDirectory();
    fs.writeFileSync(path.join(outside, 'file'), '');
    fs.mkdirSync(path.join(directory, 'a', 'b'), { recursive: true });
    fs.mkdirSync(Buffer.concat([Buffer.from(`${directory}/a/`), Buffer.from([0xff])]));
    fs.symlinkSync(outside, path.join(directory, 'a', 'link'));
    execFileSync('mkfifo', [path.join(directory, 'a', 'fifo')]);
    for (const name of ['a/b', 'a', '']) fs.chmodSync(path.join(directory, name), 0o500);
    removeTree(directory);
    expect(fs.existsSync(directory)).toBe(false);
    expect(fs.readdirSync(outside)).toEqual(['file']);
  });

  test('prints a message if that is not possible, and does not throw', () => {
    const stderr: string[] = [];
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => stderr.push(String(text)) > 0);
    discard('/proc/self/fd'); // the kernel allows no removal there
    expect(stderr.join('')).toMatch(/^binary-layer: \/proc\/self\/fd could not be removed: E\w+/);
    discard(path.join(ownDirectory(), 'not-there'));
    expect(stderr).toHaveLength(1);
  });
});

describe('the cache', () => {
  test('is private to this user, whatever the umask, even if an earlier version created it', () => {
    process.env.XDG_CACHE_HOME = ownDirectory();
    const cache = path.join(process.env.XDG_CACHE_HOME, 'cdk-binary-layer');
    const umask = process.umask(0);
    try {
      makeCacheDirectory(path.join(cache, 'apt'));
      expect([cache, path.join(cache, 'apt')].map((name) => fs.statSync(name).mode & 0o777)).toEqual([0o700, 0o700]);
      fs.chmodSync(cache, 0o755);
      makeCacheDirectory(cache);
      expect(fs.statSync(cache).mode & 0o777).toBe(0o700);
    } finally {
      process.umask(umask);
    }
  });

  (isRoot ? test : test.skip)('trusts no text and no root that another user has made', () => {
    process.env.XDG_CACHE_HOME = ownDirectory();
    const make = (content: string) => cachedRoot('image', 'key', (directory) => fs.writeFileSync(path.join(directory, 'file'), content));
    const kept = make('one');
    expect(fs.readFileSync(path.join(make('two'), 'file'), 'utf8')).toBe('one');
    const file = path.join(kept, 'file');
    expect(readCached(file)).toBe('one');
    for (const place of [kept, file]) fs.chownSync(place, 65534, 65534);
    expect(isOwn(fs.statSync(file))).toBe(false);
    expect(readCached(file)).toBeUndefined();
    expect(fs.readFileSync(path.join(make('three'), 'file'), 'utf8')).toBe('three');
  });

  test('ignores links, pipes and directories in place of texts', () => {
    const directory = ownDirectory();
    fs.writeFileSync(path.join(directory, 'text'), 'text');
    fs.symlinkSync('text', path.join(directory, 'link'));
    execFileSync('mkfifo', [path.join(directory, 'pipe')]);
    expect(['text', 'link', 'pipe', '.', 'none'].map((name) => readCached(path.join(directory, name)))).toEqual([
      'text',
      ...Array(4).fill(undefined),
    ]);
  });

  test('contains nothing of a root that failed, or that a killed process was making', async () => {
    process.env.XDG_CACHE_HOME = ownDirectory();
    const images = path.join(process.env.XDG_CACHE_HOME, 'cdk-binary-layer', 'image');
    await killed(`
      const { cachedRoot } = require(${JSON.stringify(`${BUILD}/source/cached-root.js`)});
      cachedRoot('image', 'other', (directory) => {
        console.log(directory);
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      });`);
    expect(fs.readdirSync(images)).toEqual([expect.stringMatching(/^\.other-/)]);
    expect(() => cachedRoot('image', 'key', () => {
      throw new Error('no such image');
    })).toThrow('no such image');
    expect(fs.readdirSync(images)).toEqual([]);
  });
});

test('temporary directories are in the system\'s directory for temporary files', () => {
  const directory = temporaryDirectory('test');
  try {
    expect(path.dirname(directory)).toBe(os.tmpdir());
    expect(fs.statSync(directory).mode & 0o777).toBe(0o700);
  } finally {
    fs.rmdirSync(directory);
  }
});
