/**
 * Shows the example at work without an AWS account: synthesizes it, and calls its function with the very
 * layer that `cdk deploy` would upload, in a sandbox that is like Lambda.
 *
 * The machine's own rig and its data, where it has them, are hidden in the sandbox, so that only the layer can answer.
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as execa from 'execa';
import { unzip } from '../../lib/zip/unzip';

const SANDBOX = path.join(__dirname, '..', '..', 'test', 'sandbox.sh');
const HIDDEN = ['/usr/bin/rig', '/usr/games/rig', '/usr/share/rig'];
const MOST_SECONDS = 60;

interface Template {
  readonly Resources: Record<string, { readonly Type: string; readonly Properties: any }>;
}

interface Assets {
  readonly files: Record<string, { readonly source: { readonly path: string; readonly packaging: 'file' | 'zip' } }>;
}

function demo(work: string): void {
  const empty = directory(work, 'empty');
  call('The sandbox cannot be made, which takes bubblewrap and user namespaces (in a container: --privileged)', empty, empty, ['true']);

  const assembly = path.join(work, 'cdk.out');
  execa.sync('cdk', ['synth', '--quiet', '--no-notices', '--output', assembly], {
    preferLocal: true,
    stdio: 'inherit',
    env: { CDK_DISABLE_CLI_TELEMETRY: 'true' },
  });
  const template: Template = JSON.parse(fs.readFileSync(path.join(assembly, 'Rig.template.json'), 'utf8'));
  const assets: Assets = JSON.parse(fs.readFileSync(path.join(assembly, 'Rig.assets.json'), 'utf8'));
  const only = (type: string) => Object.values(template.Resources).find(({ Type }) => Type === type)!.Properties;
  const asset = ({ S3Key: key }: { S3Key: string }) => assets.files[path.parse(key).name].source;

  const zip = asset(only('AWS::Lambda::LayerVersion').Content);
  if (zip.packaging !== 'file') throw new Error(`packaging is ${zip.packaging}: the layer would be zipped again, without its symlinks`);
  const layer = directory(work, 'layer');
  unzip(path.join(assembly, zip.path), layer);

  const lambda = only('AWS::Lambda::Function');
  const [module, handler] = lambda.Handler.split('.');
  const task = path.join(assembly, asset(lambda.Code).path);
  const python = ['python3', '-c', `import json, ${module}; print(json.dumps(${module}.${handler}({}, None)))`];

  const megabytes = (fs.statSync(path.join(assembly, zip.path)).size / 1e6).toFixed(1);
  console.log(`\nThe zip for upload has ${megabytes} MB. It is unpacked at /opt in a sandbox like Lambda, in which this machine's own rig`);
  console.log(`is hidden if it has one, the function ${lambda.Handler} answers:\n`);
  console.log(call('The function failed', layer, task, python));
}

/** @returns what the command says in the sandbox */
function call(failure: string, layer: string, task: string, command: string[]): string {
  const hide = HIDDEN.flatMap((hidden) => ['--hide', hidden]);
  try {
    return execa.sync(SANDBOX, [...hide, layer, task, ...command], { timeout: MOST_SECONDS * 1000 }).stdout;
  } catch (error) {
    const { stderr, shortMessage } = error as execa.ExecaSyncError;
    throw new Error(`${failure}: ${stderr || shortMessage}`);
  }
}

function directory(parent: string, name: string): string {
  const made = path.join(parent, name);
  fs.mkdirSync(made);
  return made;
}

process.umask(0o022);
const work = fs.mkdtempSync(path.join(os.tmpdir(), 'rig-'));
try {
  fs.chmodSync(work, 0o755); // the sandbox gives up root
  demo(work);
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
} finally {
  fs.rmSync(work, { recursive: true });
}
