/**
 * Calls the functions of a synthesized app in a sandbox like Lambda, with the zips that `cdk deploy` would upload at /opt, and the
 * function's code at /var/task. The rest is a small Debian 13 with runtimes but without the programs of the layers. Its C library has
 * a different version than the layers' C library, as on Lambda.
 */
import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import * as execa from 'execa';
import { THIS_MACHINE } from '../../lib/loader/machine';
import { openApt } from '../../lib/source/apt/apt';
import { unzip } from '../../lib/zip/unzip';

const SANDBOX = path.join(__dirname, '..', 'sandbox.sh');
/** The AWS SDK of Lambda's Node.js runtime is in this project's dependencies, and so are its own. */
const NODE_MODULES = path.join(__dirname, '..', '..', 'node_modules');

export interface CallOptions {
  /** variables that replace those of the template, such as values that are known only after a deployment */
  readonly environment?: Record<string, string>;
  /** layers of another stack, which replace the parameters of the template */
  readonly layersOf?: string;
  /** whether the function reaches servers on this machine */
  readonly network?: boolean;
  /** options of sandbox.sh for another root */
  readonly root?: readonly string[];
  /** more options of sandbox.sh */
  readonly sandbox?: readonly string[];
}

interface Resource {
  readonly Type: string;
  readonly Properties: any;
  readonly Metadata?: Record<string, unknown>;
}

/** A function that failed, with its log. */
export class FunctionError extends Error {}

/**
 * Options of sandbox.sh for the root of a Debian 13, made from its packages. Nothing is installed.
 *
 * @param more packages beside Bash and the libraries of Node.js
 */
export function debian13(...more: string[]): string[] {
  const site = debianSite();
  const sources = [
    'Types: deb', `URIs: ${site}`, 'Suites: trixie', 'Components: main', 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg', '',
  ].join('\n');
  return ['--root', openApt(['bash', 'coreutils', 'libstdc++6', ...more], { sources }, THIS_MACHINE).directory];
}

/** The mirror that this machine's apt uses, if it is a Debian. */
function debianSite(): string {
  const { stdout } = execa.sync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], { reject: false });
  return stdout.split('\n').find((site) => /\/debian\/?$/.test(site)) ?? 'http://deb.debian.org/debian';
}

/** Fails if the sandbox cannot be made on this machine. */
export async function checkSandbox(empty: string): Promise<void> {
  try {
    await run([empty, empty, 'true'], '', 10);
  } catch (error) {
    const needs = 'the sandbox needs bubblewrap and user namespaces; in a container: --privileged';
    throw new Error(`${needs}: it ${(error as Error).message}`);
  }
}

/** A directory that `cdk synth` or `app.synth()` wrote. */
export class Assembly {
  private readonly unpacked = new Map<string, string>();
  /** bytecode of Python's modules, which nothing has compiled in the root: compiling the SDK takes most of the time of a call */
  private readonly bytecode: string;

  /**
   * @param work an empty directory that others can read, for unpacked layers
   * @param root options of sandbox.sh for the environment of a function
   */
  constructor(private readonly directory: string, private readonly work: string, private readonly root: readonly string[]) {
    this.bytecode = fs.mkdtempSync(path.join(work, 'bytecode-'));
    fs.chmodSync(this.bytecode, 0o1777);
  }

  /** Calls a function. Returns its result. */
  public async call(stack: string, id: string, event: unknown, options: CallOptions = {}): Promise<any> {
    const lambda = this.resource(stack, 'AWS::Lambda::Function', id);
    const [runtime, ...command] = runtimeOf(lambda);
    const variables = { ...literal(lambda.Environment?.Variables), SANDBOX_TIMEOUT: String(lambda.Timeout ?? 3), ...options.environment };
    const layer = this.layer(options.layersOf ?? stack);
    const result = await run([
      ...(options.root ?? this.root), ...(options.network ? ['--network'] : []),
      ...Object.entries(variables).flatMap(([name, value]) => ['--setenv', name, value]),
      ...(runtime === 'node' ? ['--bind', process.execPath, '/var/lang/node', '--bind', NODE_MODULES, '/var/node_modules'] : []),
      ...(runtime === 'python' ? ['--writable', this.bytecode, '/var/bytecode', '--setenv', 'PYTHONPYCACHEPREFIX', '/var/bytecode'] : []),
      '--bind', path.join(__dirname, 'python-runtime.py'), '/var/python-runtime.py',
      '--bind', path.join(__dirname, 'node-runtime.js'), '/var/node-runtime.js',
      ...(options.sandbox ?? []),
      layer, this.code(stack, lambda), ...command, lambda.Handler,
    ], JSON.stringify(event), lambda.Timeout ?? 3);
    return JSON.parse(result.toString());
  }

  /** Runs a command with the layers of a stack, and returns its standard output. */
  public run(stack: string, command: readonly string[], input: string | Buffer = ''): Promise<Buffer> {
    return run([...this.root, this.layer(stack), this.work, ...command], input, 60);
  }

  /** The unpacked layers of a stack. */
  public layer(stack: string): string {
    const known = this.unpacked.get(stack);
    if (known !== undefined) return known;
    const directory = fs.mkdtempSync(path.join(this.work, 'layer-'));
    fs.chmodSync(directory, 0o755);
    for (const { Properties: { Content } } of this.resources(stack, 'AWS::Lambda::LayerVersion')) {
      const { file, packaging } = this.asset(stack, Content.S3Key);
      if (packaging !== 'file') {
        throw new Error(`${stack}: packaging is ${packaging}: the layer would be zipped again, without its symlinks`);
      }
      unzip(file, directory);
    }
    this.unpacked.set(stack, directory);
    return directory;
  }

  /** The properties of a resource with a construct's ID. */
  public resource(stack: string, type: string, id: string): any {
    const found = this.resources(stack, type).filter(({ Metadata: metadata }) => metadata?.['aws:cdk:path'] === `${stack}/${id}/Resource`);
    if (found.length !== 1) throw new Error(`${stack} has ${found.length} resources ${type} for ${id}, expected 1`);
    return found[0].Properties;
  }

  private resources(stack: string, type: string): Resource[] {
    const template = JSON.parse(fs.readFileSync(path.join(this.directory, `${stack}.template.json`), 'utf8'));
    return (Object.values(template.Resources) as Resource[]).filter(({ Type }) => Type === type);
  }

  private code(stack: string, { Code: { S3Key } }: any): string {
    return this.asset(stack, S3Key).file;
  }

  private asset(stack: string, key: string): { file: string; packaging: string } {
    const { files } = JSON.parse(fs.readFileSync(path.join(this.directory, `${stack}.assets.json`), 'utf8'));
    const { path: file, packaging } = files[path.parse(key).name].source;
    return { file: path.resolve(this.directory, file), packaging };
  }
}

/** The kind of runtime, and the command that takes the name of a handler. */
function runtimeOf({ Runtime }: { Runtime: string }): string[] {
  const [kind] = /^[a-z]+/.exec(Runtime)!;
  switch (kind) {
    case 'python': return ['python', 'python3', '/var/python-runtime.py'];
    case 'nodejs': return ['node', '/var/lang/node', '/var/node-runtime.js'];
    case 'java': return ['java', 'java', '-XX:+UseSerialGC', '-cp', '/var/task:/var/java-runtime', 'JavaRuntime'];
    default: throw new Error(`no runtime for ${Runtime} in the sandbox`);
  }
}

/** Variables with values that are known before a deployment. */
function literal(variables: Record<string, unknown> = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(variables).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

/** Asynchronous, because the servers that a function calls may be in this process. */
function run(parameters: readonly string[], input: string | Buffer, seconds: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = spawn(SANDBOX, parameters, { stdio: 'pipe', timeout: seconds * 1000, killSignal: 'SIGKILL' });
    const output: Buffer[] = [];
    const log: Buffer[] = [];
    child.stdout.on('data', (data) => output.push(data));
    child.stderr.on('data', (data) => log.push(data));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output));
      else reject(new FunctionError(`ended with ${signal ?? `exit code ${code}`}: ${Buffer.concat(log).toString().trim()}`));
    });
    child.stdin.on('error', () => undefined); // a command that does not read its input
    child.stdin.end(input);
  });
}
