/**
 * The template and the snippets of examples/sam, and the layers that the command line makes for them.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInclude } from 'aws-cdk-lib/cloudformation-include';
import { unzip } from '../../lib/zip/unzip';
import { temporaryDirectory } from '../fixture';

/** The part of js-yaml that is used. */
const yaml = jest.requireActual('js-yaml');

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

const readme = fs.readFileSync(path.join(SAM, 'README.md'), 'utf8');
/** The only block of the README with this language. */
function block(language: string): string {
  const found = [...readme.matchAll(/^```(\w+)\n(.*?)^```/gms)].filter(([, name]) => name === language);
  expect(found).toHaveLength(1);
  return found[0][2];
}

/** The root file system of the image that podman builds from a directory. */
function imageOf(directory: string): string {
  const storage = temporaryDirectory();
  const settings = `[storage]\ndriver = "vfs"\ngraphroot = "${storage}/images"\nrunroot = "${storage}/run"\n`;
  fs.writeFileSync(path.join(storage, 'storage.conf'), settings);
  const env = { ...process.env, CONTAINERS_STORAGE_CONF: path.join(storage, 'storage.conf'), BUILDAH_ISOLATION: 'chroot' };
  const podman = (...args: string[]) => execFileSync('podman', args, { cwd: directory, encoding: 'utf8', env }).trim();
  const image = podman('build', '--quiet', '--tag', 'localhost/copy', '.');
  const container = podman('create', image, '/x');
  const root = temporaryDirectory();
  podman('export', '--output', path.join(storage, 'root.tar'), container);
  execFileSync('tar', ['-x', '-p', '-f', path.join(storage, 'root.tar'), '-C', root]);
  return root;
}

/** Paths below a directory, with their modes and the targets of links. */
function listed(directory: string): string[] {
  return fs.readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort().map((name) => {
    const file = path.join(directory, name);
    const stat = fs.lstatSync(file);
    return `${name} ${stat.isSymbolicLink() ? fs.readlinkSync(file) : (stat.mode & 0o7777).toString(8)}`;
  });
}

test('the function has the layer', () => {
  expect(Layers).toEqual([{ Ref: 'RigLayer' }]);
});

test('a property with a value of the wrong type is an error, so the template has none', () => {
  const directory = temporaryDirectory();
  const text = fs.readFileSync(path.join(SAM, 'template.yaml'), 'utf8');
  fs.writeFileSync(path.join(directory, 'template.yaml'), text.replace('Timeout: 10', 'Timeout: [ten]'));
  const other = new Stack(new App(), 'Other');
  expect(() => {
    new CfnInclude(other, 'Template', { templateFile: path.join(directory, 'template.yaml') });
    Template.fromStack(other);
  }).toThrow(/timeout/i);
});

test('the function answers with the zip that the README builds', () => {
  const directory = temporaryDirectory();
  expect(readme).toContain(`npx binary-layer build rig -o ${output} `);
  build(directory, output);
  const layer = temporaryDirectory();
  unzip(path.join(directory, output), layer);
  expect(call(layer).identity.split('\n')).toHaveLength(4);
});

test('the function answers with the directory that a container image copies, links and modes included', () => {
  const directory = temporaryDirectory();
  const [, name] = /^npx binary-layer build rig -o (\S+\/)$/m.exec(readme)!;
  const copies = block('dockerfile').split('\n').filter((line) => line.startsWith(`COPY ${name} `));
  expect(copies).toHaveLength(1);
  build(directory, name);
  // the copy alone: the base image is not on this machine
  fs.writeFileSync(path.join(directory, 'Dockerfile'), `FROM scratch\n${copies[0]}\n`);
  const root = imageOf(directory);
  const layer = path.join(root, 'opt');
  expect(listed(layer)).toEqual(listed(path.join(directory, name)));
  expect(call(layer).identity.split('\n')).toHaveLength(4);
});

test('the configuration for the Serverless Framework refers to the layer by its logical ID', () => {
  const reference = new yaml.Type('!Ref', { kind: 'scalar', construct: (id: string) => ({ Ref: id }) });
  const { layers, functions } = yaml.load(block('yaml'), { schema: yaml.DEFAULT_SCHEMA.extend([reference]) });
  const [[id, layer]] = Object.entries<any>(layers);
  expect(layer).toEqual({ package: { artifact: output }, compatibleArchitectures: ['x86_64'] });
  // https://www.serverless.com/framework/docs/providers/aws/guide/layers: the name with a capital, and this suffix
  expect(functions.identity.layers).toEqual([{ Ref: `${id[0].toUpperCase()}${id.slice(1)}LambdaLayer` }]);
  expect(functions.identity.handler).toBe(Handler);
});

test('the configuration for Terraform uploads the zip that is built, and attaches it', () => {
  const terraform = block('hcl');
  expect(terraform).toContain(`filename                 = "${output}"`);
  expect(terraform).toContain(`filebase64sha256("${output}")`);
  const [, type, name] = /^resource "(aws_lambda_layer_version)" "(\w+)"/m.exec(terraform)!;
  expect(terraform).toContain(`layers = [${type}.${name}.arn]`);
});
