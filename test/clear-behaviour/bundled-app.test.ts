/**
 * An app that was bundled into one file together with this package: the compiled modules are put into one file here, as
 * esbuild does it, so `__dirname` is the directory of the bundle. Packages from node_modules stay outside.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { ownFile } from '../../lib/process/own-file';
import { temporaryDirectory } from '../fixture';

const PACKAGE = path.join(__dirname, '..', '..');
const BUILD = path.dirname(ownFile('index.js'));

/** One file with every module that an entry of the compiled library requires, and code that uses the entry as `entry`. */
function bundle(entry: string, code: string): string {
  const modules = new Map<string, string>();
  const resolve = (from: string, name: string) => require.resolve(path.resolve(path.dirname(from), name));
  const add = (file: string) => {
    if (modules.has(file)) return;
    modules.set(file, '');
    const text = fs.readFileSync(file, 'utf8').replace(/^#!.*/, '');
    for (const [, name] of text.matchAll(/require\("(\.[^"]*)"\)/g)) add(resolve(file, name));
    modules.set(file, text.replace(/require\("(\.[^"]*)"\)/g, (_, name) => `bundled(${JSON.stringify(resolve(file, name))})`));
  };
  add(path.join(BUILD, entry));
  const texts = [...modules].map(([file, text]) => `${JSON.stringify(file)}: (module, exports) => {${text}\n}`);
  return [
    `const modules = {${texts.join(',\n')}}, loaded = {};`,
    'function bundled(file) {',
    '  if (!loaded[file]) { loaded[file] = { exports: {} }; modules[file](loaded[file], loaded[file].exports); }',
    '  return loaded[file].exports;',
    '}',
    `const entry = bundled(${JSON.stringify(path.join(BUILD, entry))});`,
    code,
  ].join('\n');
}

function runBundle(entry: string, code: string) {
  const file = path.join(temporaryDirectory(), 'app.js');
  fs.writeFileSync(file, bundle(entry, code));
  const { status, stderr } = spawnSync(process.execPath, [file], {
    encoding: 'utf8',
    env: {
      ...process.env,
      NODE_PATH: path.join(PACKAGE, 'node_modules'),
      XDG_CACHE_HOME: temporaryDirectory(),
      CDK_OUTDIR: temporaryDirectory(),
    },
  });
  return { status, stderr, directory: path.dirname(file) };
}

test('a layer in an app that was bundled together with the package fails at once, and says that the package must stay external', () => {
  const { status, stderr, directory } = runBundle('index.js', `
    const { App, Stack } = require('aws-cdk-lib');
    new entry.BinaryLayer(new Stack(new App(), 'Stack'), 'Layer', { binary: '/bin/true' });`);
  expect(status).not.toBe(0);
  expect(stderr).toContain('BinaryLayer Stack/Layer: ');
  expect(stderr).toContain('pack/process.js not found: cdk-binary-layer runs this file as a separate process');
  expect(stderr).toContain(
    `Its code was loaded from ${directory}. If a bundler put it there, mark the package as external:\n  esbuild --external:cdk-binary-layer`,
  );
});

test('the process that exports an image is looked for in the same way', () => {
  const { status, stderr } = runBundle('process/own-file.js', 'entry.ownFile("source/image/export.js");');
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/source\/image\/export\.js not found: .*\n.*\n {2}esbuild --external:cdk-binary-layer/);
});

test('every process that the package runs exists in the compiled package', () => {
  const { status } = spawnSync(process.execPath, ['-e', `
    const { ownFile } = require(${JSON.stringify(path.join(BUILD, 'process', 'own-file.js'))});
    for (const name of ['pack/process.js', 'source/image/export.js']) ownFile(name);`]);
  expect(status).toBe(0);
});
