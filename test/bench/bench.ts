/**
 * Measures what packing, an unchanged synth and starting a program cost, each against what it replaces, in turn and in one run: ratios
 * mean something on any machine, seconds only on a quiet one. Figures are medians.
 *
 * usage: bench.ts [--root DIRECTORY] [--programs FILE] [--growth] [--against CHECKOUT] [--json FILE] [--docs]
 *
 * It takes about 6 minutes on two cores, 9 with --against, 2 more with --programs for the field trial's 40, and 2 more with --growth.
 *
 *   --root      a root directory as the source instead of this machine, such as one with many packages
 *   --programs  a JSON list of { name, binary }: builds each once, for the table and the plot of sizes and times
 *   --growth    measures how time and memory grow with packages, libraries, data files and bytes
 *   --against   another compiled checkout, or the JSON of an earlier run: prints ratios to it
 *   --json      where the figures are written @default test-reports/bench.json
 *   --docs      writes docs/benchmarks.md, or docs/benchmarks-root.md with --root, and their plots
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { parseArgs } from 'util';
import { measureGrowth } from './growth';
import { inTurn, median, Workplace } from './measure';
import type { Figures, Packing, Program, Start, Unchanged } from './report';
import { inWords, machineInWords, writeDocs } from './report';

const PACKED = ['rig', 'jq', 'curl', 'python3', 'ffmpeg', 'pandoc', 'gdalinfo', 'php'];
const UNCHANGED = ['rig', 'ffmpeg'];
const SEVERAL = ['rig', 'jq', 'curl', 'sqlite3', 'file', 'git', 'openssl', 'xmllint', 'gawk', 'tree'];
const STARTED: Readonly<Record<string, readonly string[]>> = {
  '/usr/bin/jq': ['--version'], '/usr/bin/git': ['--version'], '/usr/bin/perl': ['-e', '1'], '/usr/bin/python3': ['-c', '1'],
};
const [RUNS, RESYNTHS, STARTS] = [5, 15, 300];
/** A measurement that takes longer, in seconds, is repeated less often: the whole run takes a few minutes. */
const LONG = 4;
const RUNS_IF_LONG = 3;
const CHECKOUT = path.join(__dirname, '..', '..');

const { values: options } = parseArgs({
  options: {
    root: { type: 'string' },
    programs: { type: 'string' },
    growth: { type: 'boolean' },
    against: { type: 'string' },
    json: { type: 'string' },
    docs: { type: 'boolean' },
  },
});
const root = options.root === undefined ? '' : path.resolve(options.root);
const isCheckout = options.against !== undefined && fs.statSync(options.against).isDirectory();
const other = isCheckout ? path.resolve(options.against!) : undefined;
const work = new Workplace();

try {
  const figures: Figures = {
    machine: machineInWords(root),
    packing: each(PACKED, packing),
    unchanged: each(UNCHANGED, unchanged),
    ...several(),
    starts: root === '' ? each(Object.keys(STARTED), starting) : [],
    programs: options.programs === undefined ? [] : programs(options.programs),
    growth: options.growth ? measureGrowth(work, (program, from) => build(CHECKOUT, program, from)) : [],
  };
  const json = options.json ?? path.join(CHECKOUT, 'test-reports', 'bench.json');
  fs.mkdirSync(path.dirname(json), { recursive: true });
  fs.writeFileSync(json, `${JSON.stringify(figures, undefined, 1)}\n`);
  const before = options.against === undefined || isCheckout ? undefined : JSON.parse(fs.readFileSync(options.against, 'utf8')) as Figures;
  console.log(inWords(figures, before));
  if (options.docs) writeDocs(path.join(CHECKOUT, 'docs'), root === '' ? 'benchmarks' : 'benchmarks-root', figures);
} finally {
  work.clear();
}

/** The path of a program in the source; `undefined` if it is not installed. */
function installed(program: string): string | undefined {
  const directories = path.isAbsolute(program) ? [''] : ['/usr/bin/', '/usr/sbin/', '/bin/'];
  return directories.map((directory) => directory + program).find((file) => fs.existsSync(root + file));
}

/** Skips programs that are not installed. A failure is reported, and the others are measured. */
function each<T>(names: readonly string[], measure: (file: string, name: string) => T): T[] {
  return names.flatMap((name) => {
    const file = installed(name);
    if (file === undefined) return [];
    try {
      process.stderr.write(`${path.basename(name)} `);
      return [measure(file, path.basename(name))];
    } catch (error) {
      process.stderr.write(`\n${name}: ${(error as Error).message}\n`);
      process.exitCode = 1;
      return [];
    }
  });
}

function synth(checkout: string, outdir: string, cache: string, ...binaries: readonly string[]) {
  const command = [process.execPath, path.join(__dirname, 'synth.js'), checkout, outdir, root, ...binaries];
  const measured = work.run(command, { XDG_CACHE_HOME: cache });
  const [plain, load, construct] = measured.stdout.split(' ').map(Number);
  return { plain, load, construct, cpu: measured.cpu };
}

function newSynth(checkout: string, ...binaries: readonly string[]) {
  return synth(checkout, work.fresh('cdk.out'), work.fresh('cache'), ...binaries);
}

function build(checkout: string, file: string, from = root): string[] {
  const source = from === '' ? [] : ['--source', `directory:${from}`];
  return [
    process.execPath,
    path.join(checkout, 'build/cli/main.js'),
    'build',
    file,
    '-q',
    '-o',
    path.join(work.directory, 'built.zip'),
    ...source,
  ];
}

function packing(file: string, name: string): Packing {
  const environment = { XDG_CACHE_HOME: work.fresh('cli cache') };
  const ways: Record<string, () => { wall: number; cpu: number }> = {
    hand: () => {
      work.fresh('hand.zip');
      return work.run([path.join(__dirname, 'by-hand.sh'), file, work.fresh('hand'), root]);
    },
    construct: () => {
      const { load, construct, cpu } = newSynth(CHECKOUT, file);
      return { wall: (load + construct) / 1000, cpu };
    },
    command: () => work.run(build(CHECKOUT, file), environment),
    ...(other === undefined ? {} : { before: () => work.run(build(other, file), environment) }),
  };
  const first = inTurn(1, ways);
  const isLong = first.construct[0].wall > LONG;
  // zip -9 takes up to half a minute, and its time is only a scale
  const often = Object.fromEntries(Object.entries(ways).filter(([way]) => first[way][0].wall <= 2 * LONG || way !== 'hand'));
  const results = inTurn((isLong ? RUNS_IF_LONG : RUNS) - 1, often);
  const of = (way: string, part: 'wall' | 'cpu') => median([...results[way] ?? [], ...first[way]].map((one) => one[part]));
  const sizeOf = (zip: string) => fs.statSync(path.join(work.directory, zip)).size;
  const { peak, read, opened } = work.meter(build(CHECKOUT, file), environment);
  return {
    name,
    seconds: of('construct', 'wall'),
    ofHand: of('construct', 'wall') / of('hand', 'wall'),
    commandSeconds: of('command', 'wall'),
    cpuSeconds: of('command', 'cpu'),
    sizeOfHand: sizeOf('built.zip') / sizeOf('hand.zip'),
    peak,
    read,
    opened,
    ...(other === undefined
      ? {}
      : { wallOfOther: of('command', 'wall') / of('before', 'wall'), cpuOfOther: of('command', 'cpu') / of('before', 'cpu') }),
  };
}

function unchanged(file: string, name: string): Unchanged {
  const [outdir, cache] = [work.fresh('unchanged.out'), work.fresh('unchanged cache')];
  const checkouts = [CHECKOUT, ...(other === undefined ? [] : [other])];
  for (const checkout of checkouts) synth(checkout, outdir, cache, file);
  const { ours, lost, before = [] } = inTurn(RESYNTHS, {
    ours: () => synth(CHECKOUT, outdir, cache, file),
    lost: () => {
      work.fresh('unchanged cache/cdk-binary-layer/fingerprint');
      return synth(CHECKOUT, outdir, cache, file);
    },
    ...(other === undefined ? {} : { before: () => synth(other, outdir, cache, file) }),
  });
  const added = (synths: readonly { load: number; construct: number }[]) => median(synths.map(({ load, construct }) => load + construct));
  return {
    name,
    load: median(ours.map(({ load }) => load)),
    construct: median(ours.map(({ construct }) => construct)),
    ofPlain: added(ours) / median(ours.map(({ plain }) => plain)),
    withoutCache: median(lost.map(({ construct }) => construct)),
    ...(before.length === 0 ? {} : { ofOther: added(ours) / added(before) }),
  };
}

/** Layers of one app, against one of them. */
function several(): Pick<Figures, 'layers' | 'ofOneLayer'> {
  const files = SEVERAL.flatMap((name) => installed(name) ?? []);
  if (files.length < SEVERAL.length) return { layers: 0, ofOneLayer: 0 };
  const { all, ...single } = inTurn(3, {
    all: () => newSynth(CHECKOUT, ...files),
    ...Object.fromEntries(files.map((file) => [file, () => newSynth(CHECKOUT, file)])),
  });
  const time = (synths: readonly { load: number; construct: number }[]) => median(synths.map(({ load, construct }) => load + construct));
  const mean = files.reduce((sum, file) => sum + time(single[file]), 0) / files.length;
  return { layers: files.length, ofOneLayer: time(all) / mean };
}

function starting(file: string, name: string): Start {
  const starts = path.join(work.directory, 'starts');
  if (!fs.existsSync(starts)) work.run(['gcc', '-O2', '-o', starts, path.join(__dirname, 'starts.c')]);
  work.run(build(CHECKOUT, file));
  const layer = work.fresh('layer');
  fs.mkdirSync(layer);
  work.run(['unzip', '-q', path.join(work.directory, 'built.zip'), '-d', layer]);
  const command = ['/var/task/starts', `${STARTS}`, `/opt/bin/${name}`, file, ...STARTED[file]];
  const { stdout } = work.run([path.join(__dirname, '..', 'sandbox.sh'), layer, work.directory, ...command]);
  const [ours, theirs] = stdout.split(' ').map(Number);
  return { name, ofInstalled: ours / theirs, milliseconds: theirs / 1000 };
}

function programs(list: string): Program[] {
  const listed = JSON.parse(fs.readFileSync(list, 'utf8')) as { name: string; binary: string }[];
  const known = listed.filter(({ binary }) => installed(binary) !== undefined);
  return known.map(({ name, binary }) => {
    const { wall, cpu } = work.run(build(CHECKOUT, installed(binary)!));
    const zip = path.join(work.directory, 'built.zip');
    const { stdout } = spawnSync('unzip', ['-l', zip], { encoding: 'utf8', maxBuffer: 1e8 });
    const bytes = Number(/^\s*(\d+)\s+\d+ files?\s*$/m.exec(stdout)?.[1] ?? 0);
    return { name, wall, cpu, megabytes: bytes / 1e6, zipped: fs.statSync(zip).size / 1e6 };
  });
}
