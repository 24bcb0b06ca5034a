/**
 * Two layers of the same programs from two distributions on one function, next to layers for Python and Node.js: whichever
 * comes last, every program runs from its own layer and finds everything there.
 *
 * usage: npx ts-node -T test/two-layers.ts ROOT      needs: bubblewrap, unzip; /usr/bin/{file,convert,python3} here and in ROOT
 *
 * ROOT is the root directory of another Debian, for example from
 *
 *     debootstrap --variant=minbase --include=file,imagemagick,python3 trixie ROOT
 *
 * Exit status 1: a command failed, or packing a layer twice gave different bytes.
 */
import { execFileSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { LAMBDA, runWithLayer } from './function';
import { writeZip } from '../lib/pack/zip';
import { rootOf } from '../lib/plan/layout/plan';
import { planLayer } from '../lib/plan/plan-layer';
import { DirectoryRoot } from '../lib/root/directory-root';

const PNG = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

/** The command and the output of each program; for Python also its mapped files and its search path. */
const PROGRAMS: Record<string, { readonly args: readonly string[]; readonly says: RegExp }> = {
  file: { args: ['/var/task/in.png'], says: /PNG image data, 1 x 1/ },
  convert: {
    args: ['-size', '64x32', '-font', 'DejaVu-Sans', 'label:Hi', '-format', '%w %k\n', '-write', 'info:-', '/tmp/out.jpg'],
    says: /^64 (?!1$)\d+$/m,
  },
  python3: {
    args: [
      '-c',
      'import json, ssl, sqlite3, sys\nprint(sqlite3.connect(":memory:").execute("select ' +
        '6*7").fetchone()[0])\nprint(*sys.path, *open("/proc/self/maps"))',
    ],
    says: /^42$/m,
  },
};

/** Layers by others: a runtime looks for modules in these places, a packed program does not. */
const OTHERS: Record<string, string> = {
  'python/json.py': 'raise SystemExit(99)\n',
  'python/lib/python3.13/site-packages/ssl.py': 'raise SystemExit(99)\n',
  'nodejs/node_modules/one/index.js': 'process.exit(99);\n',
};

const ENVIRONMENT = { ...LAMBDA, PYTHONPATH: '/var/runtime', NODE_PATH: '/opt/nodejs/node_modules:/var/runtime/node_modules' };

interface Layer {
  readonly source: string;
  readonly key: string;
  readonly zip: string;
  /** of its zips */
  readonly hashes: readonly string[];
  /** name → place */
  readonly programs: Readonly<Record<string, string>>;
}

async function main(other: string): Promise<void> {
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'two-layers-'));
  try {
    const layers = [await make('/', path.join(work, 'here')), await make(path.resolve(other), path.join(work, 'there'))];
    const rows = layers.map(({ source, hashes }) =>
      row(`${source}: made twice`, hashes[0] === hashes[1] ? '' : `the hashes of the zips are ${hashes.join(' and ')}`),
    );
    for (const order of [layers, [...layers].reverse()]) rows.push(...onOneFunction(order, work));
    const failed = rows.filter((good) => !good).length;
    console.log(`${rows.length - failed} of ${rows.length} pass`);
    process.exitCode = failed > 0 ? 1 : 0;
  } finally {
    fs.rmSync(work, { recursive: true });
  }
}

/** Makes a layer twice, each time from a newly opened root. */
async function make(source: string, name: string): Promise<Layer> {
  const binaries = Object.keys(PROGRAMS).map((program) => `/usr/bin/${program}`);
  const twice = [];
  for (const zip of [`${name}-1.zip`, `${name}-2.zip`]) {
    const { plan } = planLayer(new DirectoryRoot(source), {
      binaries,
      rename: {},
      include: [],
      exclude: [],
      detectData: true,
      traceCommands: [],
      searchPath: ['/usr/bin'],
      libraryPath: '',
      cwd: '/',
    });
    await writeZip(plan, zip);
    twice.push({ zip, hash: createHash('sha256').update(fs.readFileSync(zip)).digest('hex'), plan });
  }
  const [{ zip, plan: { key, programs } }] = twice;
  return { source, key, zip, programs, hashes: twice.map(({ hash }) => hash) };
}

/** Later layers are unpacked over earlier ones. */
function onOneFunction(layers: readonly Layer[], work: string): boolean[] {
  const opt = fs.mkdtempSync(path.join(work, 'opt-'));
  for (const [file, text] of Object.entries(OTHERS)) {
    fs.mkdirSync(path.dirname(path.join(opt, file)), { recursive: true });
    fs.writeFileSync(path.join(opt, file), text);
  }
  for (const { zip } of layers) execFileSync('unzip', ['-qo', zip, '-d', opt]);
  const order = layers.map(({ source }) => source).join(', ');
  const last = layers[layers.length - 1];
  const rows = Object.entries(OTHERS).map(([file, text]) =>
    row(`${order}: ${file}`, fs.readFileSync(path.join(opt, file), 'utf8') === text ? '' : 'was overwritten'),
  );
  for (const name of Object.keys(PROGRAMS)) {
    rows.push(row(`${order}: ${name} on PATH`, wrong(opt, name, name, last)));
    for (const layer of layers) {
      rows.push(row(`${order}: ${name} of ${layer.source}`, wrong(opt, name, rootOf(layer.key) + layer.programs[name], layer)));
    }
  }
  return rows;
}

/** Runs a program with only `/opt`. Returns the difference in its output, if any. */
function wrong(opt: string, name: string, command: string, layer: Layer): string {
  const { args, says } = PROGRAMS[name];
  const task = path.join(path.dirname(opt), 'task');
  fs.mkdirSync(task, { recursive: true });
  fs.writeFileSync(path.join(task, 'in.png'), Buffer.from(PNG, 'base64'));
  const { status, stdout, stderr } = runWithLayer(opt, [command, ...args], {
    mounts: ['--ro-bind', task, '/var/task', '--dir', '/var/runtime', '--unshare-net'],
    environment: ENVIRONMENT,
  });
  if (status !== 0 || !says.test(stdout)) return `exit code ${status}: ${`${stdout}${stderr}`.trim().slice(-200) || 'no output'}`;
  const strange = new RegExp(`/opt/(?:elf/(?!${layer.key}/)|python|nodejs)\\S*`).exec(stdout);
  return strange ? `found ${strange[0]}, expected nothing but what is below ${rootOf(layer.key)}` : '';
}

function row(what: string, problem: string): boolean {
  console.log(`${problem === '' ? 'pass' : 'FAIL'}  ${what}${problem === '' ? '' : `\n      ${problem}`}`);
  return problem === '';
}

if (process.argv.length !== 3) {
  console.error('usage: npx ts-node -T test/two-layers.ts ROOT');
  process.exitCode = 2;
} else {
  void main(process.argv[2]);
}
