import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ownFile } from '../../lib/process/own-file';
import { temporaryDirectory } from '../fixture';

const BUILD = path.dirname(ownFile('index.js'));
const isRoot = process.getuid!() === 0;

/** A user id without an entry in /etc/passwd, as containers in CI have it. */
const UID = 54321;

/** Runs Node as that user without HOME and XDG_CACHE_HOME; `$BUILD` is a copy of the compiled library that the user can read. */
function asUnknownUser(code: string) {
  const place = temporaryDirectory();
  fs.chmodSync(place, 0o1777);
  const { HOME: _home, XDG_CACHE_HOME: _cache, ...env } = process.env;
  const readable = path.join(place, 'package');
  fs.mkdirSync(readable);
  execFileSync('cp', ['-r', BUILD, path.join(BUILD, '..', 'package.json'), readable]);
  const modules = path.join(BUILD, '..', 'node_modules');
  const node = path.join(place, 'node');
  fs.copyFileSync(process.execPath, node);
  fs.chmodSync(node, 0o755);
  const ended = spawnSync('setpriv', ['--reuid', String(UID), '--regid', String(UID), '--clear-groups', node, '-e', code], {
    encoding: 'utf8', cwd: place, env: { ...env, TMPDIR: place, NODE_PATH: modules, BUILD: path.join(readable, 'build') },
  });
  return { ...ended, left: fs.readdirSync(place).filter((name) => name.startsWith('binary-layer-')) };
}

const OPEN = 'const { cacheDirectory } = require(process.env.BUILD + "/process/cache-directory.js");';

(isRoot ? describe : describe.skip)('for a user without HOME and without an entry in /etc/passwd', () => {
  test('Node.js throws if there is no home directory', () => {
    expect(asUnknownUser('require("os").homedir()').stderr).toContain('uv_os_homedir returned ENOENT');
  });

  test('a layer can be made', () => {
    const { status, stderr, left } = asUnknownUser(`
      const { App, Stack } = require('aws-cdk-lib');
      const { BinaryLayer } = require(process.env.BUILD + '/index.js');
      const app = new App({ outdir: process.env.TMPDIR + '/cdk.out' });
      new BinaryLayer(new Stack(app, 'Stack'), 'Layer', { binary: '/bin/true' });
      app.synth();`);
    expect(stderr).toMatch(/BinaryLayer Stack\/Layer: true and \d+ librar/);
    expect(status).toBe(0);
    expect(left).toEqual([]);
  });

  test('exported images and packages are kept in a private temporary directory until the process ends', () => {
    const { status, stdout, left } = asUnknownUser(`${OPEN}
      const directory = cacheDirectory();
      console.log(directory === cacheDirectory(), (require('fs').statSync(directory).mode & 0o777).toString(8));`);
    expect(stdout).toBe('true 700\n');
    expect(status).toBe(0);
    expect(left).toEqual([]);
  });
});

test('a HOME that is not an absolute path counts as no home directory', () => {
  const code = 'const { cacheDirectory } = require(process.argv[1]); process.stdout.write(cacheDirectory())';
  const { XDG_CACHE_HOME: _, ...env } = process.env;
  const { stdout } = spawnSync(process.execPath, ['-e', code, path.join(BUILD, 'process', 'cache-directory.js')], {
    encoding: 'utf8',
    env: { ...env, HOME: 'relative' },
  });
  expect(stdout).toMatch(/^\/.*\/binary-layer-cache-/);
});
