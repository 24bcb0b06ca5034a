/**
 * Apps in processes of their own that synthesize into one output directory at the same time.
 */
import { spawn, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { noise, temporaryDirectory } from '../fixture';
import { SmallRoot } from '../small-root';

let root: SmallRoot;
const environment = process.env;
beforeAll(() => {
  root = new SmallRoot();
  process.env = { ...environment, XDG_CACHE_HOME: temporaryDirectory() };
});
afterAll(() => {
  process.env = environment;
});

/**
 * An app in a separate process, with the compiled library. Its assets are written when it is constructed. Only one process at a time
 * synthesizes, with or without layers: CDK writes manifest.json in place, and fails to read it while another process writes ("Unexpected
 * end of JSON input").
 */
const APP = `
  const { App, Stack } = require(${JSON.stringify(path.join(__dirname, '../../node_modules/aws-cdk-lib'))});
  const { BinaryLayer, BinarySource } = require(${JSON.stringify(path.join(__dirname, '../../build'))});
  const [root, outdir, stack, file, isToSynthesize] = process.argv.slice(1);
  const app = new App({ outdir });
  const source = BinarySource.directory(root);
  new BinaryLayer(new Stack(app, stack), 'Layer', { binary: 'tool', source, include: [file], detectData: false });
  if (isToSynthesize) app.synth();`;

describe('several processes that share one cdk.out without the lock of the CDK CLI', () => {
  test.each(['one layer', 'five layers'])('all five with %s succeed, and leave only complete zips', async (which) => {
    for (const name of ['0', '1', '2', '3', '4']) root.write({ [`/usr/share/data/${name}`]: noise(3e5, Number(name)) });
    const outdir = path.join(temporaryDirectory(), 'cdk.out');
    const appOf = (index: number) => {
      const file = `/usr/share/data/${which === 'one layer' ? 0 : index}`;
      return spawn(process.execPath, ['-e', APP, root.directory, outdir, `Stack${index}`, file], { env: process.env });
    };
    const ended = await Promise.all(Array.from({ length: 5 }, (_, index) => new Promise<string>((resolve) => {
      const child = appOf(index);
      let said = '';
      child.stderr.on('data', (text) => (said += text));
      child.once('close', (code) => resolve(code === 0 ? '' : `${code}: ${said}`));
    })));
    expect(ended).toEqual(Array(5).fill(''));
    const names = fs.readdirSync(outdir).filter((name) => /asset\.|cdk-binary-layer/.test(name));
    const hashes = names.filter((name) => name.endsWith('.zip')).map((name) => name.slice(0, -'.zip'.length));
    expect(hashes).toHaveLength(which === 'one layer' ? 1 : 5);
    // CDK leaves the bundling directory next to each zip
    expect(names.sort()).toEqual(hashes.flatMap((hash) => [hash, `${hash}.zip`]).sort());
    for (const name of names.filter((one) => one.endsWith('.zip'))) {
      expect(spawnSync('unzip', ['-tq', path.join(outdir, name)]).status).toBe(0);
    }
    // none of them is packed again
    const args = ['-e', APP, root.directory, outdir, 'Stack0', '/usr/share/data/0', 'synthesize'];
    const again = spawnSync(process.execPath, args, { encoding: 'utf8', env: process.env });
    expect({ status: again.status, stderr: again.stderr }).toEqual({ status: 0, stderr: '' });
  });
});
