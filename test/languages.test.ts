/**
 * The package as Python, Java, .NET and Go use it: through the jsii runtime, which loads the packed package and takes calls as JSON.
 */
import { type ChildProcess, execFileSync, spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as readline from 'readline';
import { temporaryDirectory } from './fixture';
import { entriesOf } from './plan/make';

const ROOT = path.join(__dirname, '..');
const RUNTIME = path.join(path.dirname(require.resolve('@jsii/runtime/package.json')), 'webpack', 'bin', 'jsii-runtime.js');

/** Dependencies come first. */
const DEPENDENCIES = [
  'constructs', '@aws-cdk/asset-awscli-v1', '@aws-cdk/asset-node-proxy-agent-v6', '@aws-cdk/cloud-assembly-schema', 'aws-cdk-lib',
];

let runtime: ChildProcess;
let answers: AsyncIterator<string>;
const work = temporaryDirectory();

async function call(request: Readonly<Record<string, unknown>>): Promise<any> {
  runtime.stdin!.write(`${JSON.stringify(request)}\n`);
  const answer = JSON.parse((await answers.next()).value);
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.ok;
}

const struct = (fqn: string, data: Readonly<Record<string, unknown>>) => ({ '$jsii.struct': { fqn, data } });
const create = (fqn: string, ...args: unknown[]) => call({ api: 'create', fqn, args });
const layerOf = (scope: unknown, id: string, props: Readonly<Record<string, unknown>>) =>
  create('cdk-binary-layer.BinaryLayer', scope, id, struct('cdk-binary-layer.BinaryLayerProps', props));

/** An archive of an installed package, as in the npm registry. */
function archiveOf(name: string): string {
  const archive = path.join(work, `${name.replace(/\W/g, '-')}.tar`);
  execFileSync('tar', ['-cf', archive, '--transform', 's,^\\.,package,', '-C', path.join(ROOT, 'node_modules', name), '.']);
  return archive;
}

beforeAll(async () => {
  runtime = spawn(process.execPath, [RUNTIME], {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, XDG_CACHE_HOME: work, JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION: '20' },
  });
  answers = readline.createInterface({ input: runtime.stdout! })[Symbol.asyncIterator]();
  expect(JSON.parse((await answers.next()).value).hello).toMatch(/^@jsii\/runtime@/);
  for (const name of DEPENDENCIES) {
    const { version } = JSON.parse(fs.readFileSync(path.join(ROOT, 'node_modules', name, 'package.json'), 'utf8'));
    await call({ api: 'load', name, version, tarball: archiveOf(name) });
  }
  const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', work];
  const [{ filename, version }] = JSON.parse(
    execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  await call({ api: 'load', name: 'cdk-binary-layer', version, tarball: path.join(work, filename) });
}, 600_000);
afterAll(async () => {
  // the runtime passes its pipes to a process of its own, which a signal to the runtime would not end
  const ended = new Promise((resolve) => runtime.once('close', resolve));
  runtime.stdin!.write(`${JSON.stringify({ exit: 0 })}\n`);
  await ended;
});

test('an app makes a layer, gets the path of a program, and can be synthesized', async () => {
  const outdir = path.join(work, 'cdk.out');
  const app = await create('aws-cdk-lib.App', struct('aws-cdk-lib.AppProps', { outdir }));
  const stack = await create('aws-cdk-lib.Stack', app, 'Stack');
  const layer = await layerOf(stack, 'Rig', { binary: 'rig', rename: { '$jsii.map': { rig: 'identity' } }, detectData: false });
  expect(await call({ api: 'invoke', objref: layer, method: 'executablePath', args: [] })).toEqual({ result: '/opt/bin/identity' });
  await call({ api: 'invoke', objref: app, method: 'synth', args: [] });
  const [zip] = fs.readdirSync(outdir).filter((name) => name.endsWith('.zip'));
  expect(entriesOf(path.join(outdir, zip)).map(({ name }) => name)).toContain('bin/identity');
});

test('a source object can be passed to a layer', async () => {
  const app = await create('aws-cdk-lib.App');
  const stack = await create('aws-cdk-lib.Stack', app, 'Stack');
  const { result: source } = await call({ api: 'sinvoke', fqn: 'cdk-binary-layer.BinarySource', method: 'directory', args: ['/'] });
  const layer = await layerOf(stack, 'True', { binary: '/usr/bin/true', source, detectData: false });
  expect(await call({ api: 'invoke', objref: layer, method: 'executablePath', args: ['/usr/bin/true'] })).toEqual({
    result: '/opt/bin/true',
  });
});

test('an error has the message of the library', async () => {
  const app = await create('aws-cdk-lib.App');
  const stack = await create('aws-cdk-lib.Stack', app, 'Stack');
  await expect(layerOf(stack, 'Lost', { binary: 'no-such-program' })).rejects.toThrow("binary 'no-such-program': no such command on PATH");
});
