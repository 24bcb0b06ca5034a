/**
 * The packing process of an app.
 */
import { type ChildProcess, spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import type { FilesAhead, Packing } from '../../lib/pack/process';
import { growing, noise, temporaryDirectory } from '../fixture';
import { SmallRoot } from '../small-root';

let root: SmallRoot;
let directory: string;
beforeEach(() => {
  root = new SmallRoot();
  directory = temporaryDirectory();
});

/**
 * An app with a layer for each file, with the compiled library.
 *
 * @param end its statements after the constructs
 */
const app = (end: string) => `
  const { App, Stack } = require(${JSON.stringify(path.resolve('node_modules/aws-cdk-lib'))});
  const { BinaryLayer, BinarySource } = require(${JSON.stringify(path.resolve('build'))});
  const [root, outdir, ...files] = process.argv.slice(1);
  const source = BinarySource.directory(root);
  const app = new App({ outdir });
  const stack = new Stack(app, 'Stack');
  for (const [number, file] of files.entries()) {
    new BinaryLayer(stack, 'Layer' + number, { binary: 'tool', source, include: [file], detectData: false });
  }
  ${end}`;

const SYNTH = 'try { app.synth(); } catch (error) { console.log(error.message); }';

/** The app, with a script that each packing process runs first. */
function start(script: string, included: readonly string[], end = SYNTH) {
  const required = path.join(directory, 'required.js');
  fs.writeFileSync(required, `if (/process(?:\\.bundle)?\\.js$/.test(process.argv[1] ?? '')) { ${script} }`);
  const env = { ...process.env, XDG_CACHE_HOME: path.join(directory, 'cache'), NODE_OPTIONS: `--require ${required}` };
  return [process.execPath, ['-e', app(end), root.directory, output(), ...included], { env, encoding: 'utf8' }] as const;
}

const output = () => path.join(directory, 'cdk.out');
const zips = () => fs.readdirSync(output()).filter((name) => name.endsWith('.zip'));
const completeZips = () => zips().filter((name) => spawnSync('unzip', ['-tq', path.join(output(), name)]).status === 0);

/** Files of the source, each with its own content. */
function files(count: number, size: number): string[] {
  const names = Array.from({ length: count }, (_, number) => `/usr/share/data/${number}`);
  for (const [number, name] of names.entries()) root.write({ [name]: noise(size, number) });
  return names;
}

function isRunning(id: number): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${id}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('the packing process', () => {
  test('is one for all layers that an app makes without a pause, and ends with the app', () => {
    const log = path.join(directory, 'log');
    const { stdout } = spawnSync(...start(`require('fs').appendFileSync(${JSON.stringify(log)}, process.pid + '\\n')`, files(3, 1000)));
    expect(stdout).toBe('');
    expect(zips()).toHaveLength(3);
    expect(fs.readFileSync(log, 'utf8')).toMatch(/^\d+\n$/);
  });

  test('receives the files of a layer before the plan, and compresses them in the meantime', () => {
    const log = path.join(directory, 'log');
    const script = `process.stdin.on('data', (part) => require('fs').appendFileSync(${JSON.stringify(log)}, part))`;
    const [file] = files(1, 1000);
    expect(spawnSync(...start(script, [file])).stdout).toBe('');
    const lines = fs.readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as FilesAhead | Packing);
    const packing = lines.pop();
    expect(packing).toHaveProperty('plan');
    const ahead = lines.flatMap((line) => (line as FilesAhead).ahead);
    expect(ahead).toEqual(expect.arrayContaining(['/usr/bin/tool', file]));
    expect(new Set(ahead).size).toBe(ahead.length);
  });

  test('that is killed fails its layer, which leaves nothing, and the next layer gets another process', () => {
    const isKilled = path.join(directory, 'killed');
    const { stdout } = spawnSync(...start(
      `process.stdin.on('data', (part) => {
        if (!part.includes('"plan"') || require('fs').existsSync(${JSON.stringify(isKilled)})) return;
        require('fs').writeFileSync(${JSON.stringify(isKilled)}, '');
        process.kill(process.pid, 'SIGKILL');
      })`,
      files(3, 1000),
    ));
    expect(stdout).toBe('BinaryLayer Stack/Layer0: packing failed, nothing was written: the packing process ended\n');
    expect(zips()).toHaveLength(2);
    expect(fs.readdirSync(path.join(directory, 'cdk.out')).filter((name) => /asset/.test(name))).toHaveLength(4);
  });

  test('that throws fails its layer with what it printed', () => {
    const { stdout } = spawnSync(...start('throw new Error("out of order")', files(1, 1000)));
    expect(stdout).toMatch(/^BinaryLayer Stack\/Layer0: packing failed, nothing was written: the packing process ended: [^]*out of order/);
  });

  test('ends when the app is killed meanwhile', async () => {
    const log = path.join(directory, 'log');
    const [command, args, { env }] = start(`require('fs').writeFileSync(${JSON.stringify(log)}, String(process.pid))`, files(1, 9e7));
    const child: ChildProcess = spawn(command, args, { env });
    await growing(path.join(directory, 'cdk.out'), child);
    child.kill('SIGKILL');
    const packer = Number(fs.readFileSync(log, 'utf8'));
    while (isRunning(packer)) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(zips()).toEqual([]);
    expect(spawnSync(...start('', files(1, 9e7))).stdout).toBe('');
    expect(completeZips()).toHaveLength(1);
  });
});

describe('the zips of an app', () => {
  test('are packed while the app makes other constructs, and are complete when it is synthesized', () => {
    const { stdout } = spawnSync(...start('', files(3, 1000), `
      const { readdirSync } = require('fs');
      const count = () => readdirSync(outdir).filter((name) => name.endsWith('.zip')).length;
      const before = count();
      app.synth();
      console.log(before, count());`));
    expect(stdout).toBe('0 3\n');
    expect(completeZips()).toHaveLength(3);
    expect(fs.readdirSync(output()).filter((name) => name.includes('untried'))).toEqual([]);
  });

  test.each([
    ['later', 'setTimeout(() => app.synth(), 50);'],
    ['without validation', 'app.synth({ skipValidation: true });'],
    ['in a stage that is synthesized first', `
      const { Stage } = require(${JSON.stringify(path.resolve('node_modules/aws-cdk-lib'))});
      const stage = new Stage(app, 'Stage');
      new BinaryLayer(new Stack(stage, 'Stack'), 'Layer', { binary: 'tool', source, include: [files[0], files[1]], detectData: false });
      stage.synth();`],
  ])('are complete if the app is synthesized %s', (_, end) => {
    expect(spawnSync(...start('', files(2, 1000), end))).toMatchObject({ status: 0 });
    expect(completeZips()).toEqual(zips());
  });

  test('are complete and kept if the app fails before it is synthesized', () => {
    const included = files(2, 1000);
    expect(spawnSync(...start('', included, 'throw new Error("another construct");')).stderr).toContain('another construct');
    expect(completeZips()).toHaveLength(2);
    const { stdout, stderr } = spawnSync(...start('throw new Error("not kept")', included));
    expect(stdout).toBe('');
    expect(stderr).not.toContain('zipped');
  });

  test('are packed once for two layers with the same content', () => {
    const [file] = files(1, 1000);
    const { stdout, stderr } = spawnSync(...start('', [file, file]));
    expect(stdout).toBe('');
    expect(completeZips()).toHaveLength(1);
    expect(stderr.match(/zipped/g)).toHaveLength(1);
  });

  test('leave nothing if one cannot be packed, and the others are complete', () => {
    const included = files(3, 1000);
    const script = `let plans = 0;
      process.stdin.on('data', (part) => {
        const before = plans;
        plans += String(part).split('"plan"').length - 1;
        if (before < 2 && plans >= 2) require('fs').appendFileSync(${JSON.stringify(root.directory + included[1])}, 'more');
      });`;
    const { stdout } = spawnSync(...start(script, included));
    expect(stdout).toMatch(/^BinaryLayer Stack\/Layer1: packing failed, nothing was written: .*1 changed while the layer was made/);
    expect(zips()).toHaveLength(2);
    expect(completeZips()).toHaveLength(2);
    expect(fs.existsSync(path.join(output(), 'manifest.json'))).toBe(false);
  });
});
