/**
 * The template of examples/sam, and the layers that the command line makes for it.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { unzip } from '../../lib/zip/unzip';
import { temporaryDirectory } from '../fixture';

const ROOT = path.join(__dirname, '..', '..');
const SAM = path.join(ROOT, 'examples', 'sam');

const stack = new Stack(new App(), 'Sam');
new CfnInclude(stack, 'Template', { templateFile: path.join(SAM, 'template.yaml') });
const { Resources: { RigLayer, Identity } } = Template.fromStack(stack).toJSON();
const { ContentUri: output } = RigLayer.Properties;
const { CodeUri, Handler, Layers, Environment: { Variables } } = Identity.Properties;

/** Calls the function of the template with a layer, in a sandbox from which the machine's own rig is hidden. */
function call(layer: string): any {
  const hidden = ['/usr/bin/rig', '/usr/games/rig', '/usr/share/rig'].flatMap((file) => ['--hide', file]);
  const runtime = ['--bind', path.join(__dirname, 'python-runtime.py'), '/var/python-runtime.py', '--setenv', 'SANDBOX_TIMEOUT', '10'];
  const variables = Object.entries<string>(Variables).flatMap(([name, value]) => ['--setenv', name, value]);
  const command = ['/usr/bin/python3', '/var/python-runtime.py', Handler];
  const options = [...hidden, ...runtime, ...variables, layer, path.resolve(SAM, CodeUri), ...command];
  return JSON.parse(execFileSync(path.join(ROOT, 'test', 'sandbox.sh'), options, { input: '{}', encoding: 'utf8' }));
}

function build(directory: string, name: string): void {
  execFileSync(process.execPath, [path.join(ROOT, 'build', 'cli', 'main.js'), 'build', 'rig', '-q', '-o', name], { cwd: directory });
}

test('the function has the layer', () => {
  expect(Layers).toEqual([{ Ref: 'RigLayer' }]);
});

test('the function answers with the zip that the README builds', () => {
  const directory = temporaryDirectory();
  expect(fs.readFileSync(path.join(SAM, 'README.md'), 'utf8')).toContain(`npx binary-layer build rig -o ${output} `);
  build(directory, output);
  const layer = temporaryDirectory();
  unzip(path.join(directory, output), layer);
  expect(call(layer).identity.split('\n')).toHaveLength(4);
});

test('the function answers with the directory that a container image copies', () => {
  const directory = temporaryDirectory();
  build(directory, 'opt/');
  expect(call(path.join(directory, 'opt')).identity.split('\n')).toHaveLength(4);
});
