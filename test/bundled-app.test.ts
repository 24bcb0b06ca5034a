/**
 * Apps that esbuild has bundled into one file: with this package external, as the README recommends, and with this package in the
 * bundle.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { temporaryDirectory } from './fixture';
import { entriesOf } from './plan/make';
import { ownFile } from '../lib/process/own-file';

const PACKAGE = path.join(__dirname, '..');
const ESBUILD = path.join(path.dirname(require.resolve('esbuild-wasm/package.json')), 'bin', 'esbuild');

const APP = `
import { App, Stack } from 'aws-cdk-lib';
import { BinaryLayer } from 'cdk-binary-layer';

const app = new App();
new BinaryLayer(new Stack(app, 'Stack'), 'True', { binary: '/usr/bin/true', detectData: false });
app.synth();
`;

/** The arguments of esbuild in the README. */
const [, documented] = /^npx esbuild (.*)$/m.exec(fs.readFileSync(path.join(PACKAGE, 'README.md'), 'utf8'))!;
const ARGUMENTS = documented.split(' ');

/** A project with the package installed, as npm links it from a directory. */
function project(app: string): string {
  const directory = temporaryDirectory();
  fs.writeFileSync(path.join(directory, 'app.ts'), app);
  fs.mkdirSync(path.join(directory, 'node_modules'));
  fs.symlinkSync(PACKAGE, path.join(directory, 'node_modules', 'cdk-binary-layer'));
  for (const name of ['aws-cdk-lib', 'constructs']) {
    fs.symlinkSync(path.join(PACKAGE, 'node_modules', name), path.join(directory, 'node_modules', name));
  }
  return directory;
}

function runNode(directory: string, ...args: readonly string[]) {
  const env = { ...process.env, XDG_CACHE_HOME: temporaryDirectory(), CDK_OUTDIR: path.join(directory, 'cdk.out') };
  return spawnSync(process.execPath, args, { cwd: directory, encoding: 'utf8', env });
}

/**
 * Bundles an app. Returns the directory of `app.js`.
 *
 * Optimizing the WebAssembly of the bundler would take three times as long as bundling.
 */
function bundle(app: string, args: readonly string[]): string {
  const directory = project(app);
  const { status, stderr } = runNode(directory, '--liftoff-only', ESBUILD, ...args, '--log-level=error');
  expect([status, stderr]).toEqual([0, '']);
  return directory;
}

test('an app that is bundled as the README says makes the layer that the app makes without a bundler', () => {
  const directory = bundle(APP, ARGUMENTS);
  const { status, stderr } = runNode(directory, 'app.js');
  expect([status, stderr]).toEqual([0, expect.stringContaining('BinaryLayer Stack/True: true and ')]);
  const zipOf = (outdir: string) => fs.readdirSync(outdir).filter((name) => name.endsWith('.zip'));
  const [zip] = zipOf(path.join(directory, 'cdk.out'));
  expect(entriesOf(path.join(directory, 'cdk.out', zip)).map(({ name }) => name)).toContain('bin/true');
  const plain = project(APP);
  fs.writeFileSync(path.join(plain, 'plain.js'), APP.replace(/import (.*) from '(.*)';/g, 'const $1 = require(\'$2\');'));
  expect(runNode(plain, 'plain.js').status).toBe(0);
  expect(zipOf(path.join(plain, 'cdk.out'))).toEqual([zip]);
});

describe('an app whose bundle contains the package', () => {
  let directory: string;
  beforeAll(() => {
    const ownFileModule = JSON.stringify(ownFile('process/own-file.js'));
    const search = `import { ownFile } from ${ownFileModule};\nif (process.argv[2]) ownFile(process.argv[2]);`;
    directory = bundle(`${search}\n${APP}`, ARGUMENTS.filter((argument) => argument !== '--external:cdk-binary-layer'));
  });

  test('fails at once, and says that the package must stay external', () => {
    const { status, stderr } = runNode(directory, 'app.js');
    expect(status).not.toBe(0);
    expect(stderr).toContain('BinaryLayer Stack/True: ');
    expect(stderr).toContain('pack/process.js not found: cdk-binary-layer runs this file as a separate process');
    expect(stderr).toContain(
      `Its code was loaded from ${directory}. If a bundler put it there, mark the package as external:\n` +
        '  esbuild --external:cdk-binary-layer',
    );
    expect(fs.readdirSync(path.join(directory, 'cdk.out'))).toEqual([]);
  });

  test('says the same if it lacks the process that exports an image', () => {
    const { status, stderr } = runNode(directory, 'app.js', 'source/image/export.js');
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/source\/image\/export\.js not found: .*\n.*\n {2}esbuild --external:cdk-binary-layer/);
  });
});

test('every process and thread that the package starts exists in the compiled package', () => {
  const names = ['pack/process.js', 'source/image/export.js', 'process/progress-thread.js', 'pack/small-files-thread.js'];
  expect(names.filter((name) => !fs.existsSync(ownFile(name)))).toEqual([]);
});
