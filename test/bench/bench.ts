/**
 * Measures what packing and starting cost, each against what it stands for, in turn and in one run: ratios
 * mean something on any machine, seconds only on a quiet one. Times are medians.
 *
 * - packing, against the way by hand: ldd, cp, zip
 * - a synth with nothing changed, with the cache file and without
 * - starting a program from the layer, against the installed one in the same sandbox
 */
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import * as execa from 'execa';

const PACKED = ['rig', 'jq', 'curl', 'ffmpeg'];
const STARTED: Record<string, string[]> = { '/usr/bin/jq': ['--version'], '/usr/bin/git': ['--version'], '/usr/bin/perl': ['-e', '1'], '/usr/bin/python3': ['-c', '1'] };
const RUNS = 5;
const RESYNTHS = 15;
const STARTS = 500;

const work = fs.mkdtempSync(path.join(os.tmpdir(), 'bench-'));
fs.chmodSync(work, 0o755); // the sandbox gives up root
try {
  console.log(`Packing, ${RUNS} times (rig: at most 0.3 s; ffmpeg: at most 0.25 of the time by hand, 1.04 of its size, 400 MB)`);
  each(PACKED, packing);
  console.log(`\nA synth with nothing changed, ${RESYNTHS} times (at most 30 ms with the cache file, 300 ms without for rig)`);
  each(['rig', 'ffmpeg'], unchanged);
  console.log(`\nStart to end of a program in the layer against the installed one, ${STARTS} times each in turn (at most 0.9)`);
  execa.sync('gcc', ['-O2', '-o', path.join(work, 'starts'), path.join(__dirname, 'starts.c')]);
  each(Object.keys(STARTED), starting);
} finally {
  fs.rmSync(work, { recursive: true });
}

/** A program that is not there, or cannot be packed, is told and passed over. */
function each(programs: string[], measure: (program: string) => void): void {
  for (const program of programs) {
    const name = path.basename(program);
    try {
      if (execa.sync('which', [program], { reject: false }).failed) row(name, `not installed: apt-get install ${name}`);
      else measure(program);
    } catch (error) {
      row(name, /^Error: .*/m.exec((error as execa.ExecaSyncError).stderr)?.[0] ?? (error as Error).message);
      process.exitCode = 1;
    }
  }
}

function packing(binary: string): void {
  const program = execa.sync('which', [binary]).stdout;
  const byHand: number[] = [];
  const ours: number[] = [];
  const [hand, outdir] = [path.join(work, 'hand'), path.join(work, 'cdk.out')];
  for (let run = 0; run < RUNS; run++) {
    fs.rmSync(hand, { recursive: true, force: true });
    fs.rmSync(`${hand}.zip`, { force: true });
    byHand.push(milliseconds(() => execa.sync(path.join(__dirname, 'by-hand.sh'), [program, hand])));
    fs.rmSync(outdir, { recursive: true, force: true });
    const { load, construct } = synth(binary, outdir, fresh('cache'));
    ours.push(load + construct);
  }
  const size = fs.statSync(layerIn(outdir)).size / fs.statSync(`${hand}.zip`).size;
  row(binary, seconds(ours), `${ratio(ours, byHand)} of the time by hand (${seconds(byHand)})`, `${size.toFixed(2)} of its size`, `${peakMemory(binary)} MB at most`);
}

function unchanged(binary: string): void {
  const outdir = fresh('cdk.out');
  const cache = fresh('cache');
  synth(binary, outdir, cache);
  const cached = Array.from({ length: RESYNTHS }, () => synth(binary, outdir, cache));
  const uncached = Array.from({ length: RESYNTHS }, () => synth(binary, outdir, fresh('no cache')));
  const middle = (times: Synth[], part: keyof Synth) => `${median(times.map((time) => time[part])).toFixed(0)} ms`;
  row(binary, `${middle(cached, 'construct')} with the cache file`, `${middle(uncached, 'construct')} without`, `${middle(cached, 'load')} to load the library`);
}

function starting(program: string): void {
  const outdir = fresh('cdk.out');
  synth(program, outdir, fresh('cache'));
  const layer = fresh('layer');
  fs.mkdirSync(layer);
  execa.sync('unzip', ['-q', layerIn(outdir), '-d', layer]);
  const name = path.basename(program);
  const command = [path.join('/var/task', 'starts'), `${STARTS}`, `/opt/bin/${name}`, program, ...STARTED[program]];
  const { stdout } = execa.sync(path.join(__dirname, '..', 'sandbox.sh'), [layer, work, ...command]);
  const [ours, theirs] = stdout.split(' ').map(Number);
  row(name, `${(ours / theirs).toFixed(2)} of the installed one (${(theirs / 1000).toFixed(2)} ms)`);
}

/** What a synth takes, in milliseconds: see synth.js. */
interface Synth {
  readonly load: number;
  readonly construct: number;
}

function synth(binary: string, outdir: string, cache: string): Synth {
  const { stdout } = execa.sync(process.execPath, [path.join(__dirname, 'synth.js'), binary, outdir], { env: { XDG_CACHE_HOME: cache } });
  const [load, construct] = stdout.split(' ').map(Number);
  return { load, construct };
}

/** Of the process that packs, in megabytes. */
function peakMemory(binary: string): number {
  const peak = path.join(work, 'peak');
  execa.sync(process.execPath, [path.join(__dirname, 'synth.js'), binary, fresh('cdk.out')], {
    env: { XDG_CACHE_HOME: fresh('cache'), NODE_OPTIONS: `--require ${path.join(__dirname, 'peak.js')}`, PEAK: peak },
  });
  return Math.round(Number(fs.readFileSync(peak, 'utf8')) * 1024 / 1e6);
}

function layerIn(outdir: string): string {
  return path.join(outdir, fs.readdirSync(outdir).find((name) => name.endsWith('.zip'))!);
}

/** A path where nothing is. */
function fresh(name: string): string {
  const directory = path.join(work, name);
  fs.rmSync(directory, { recursive: true, force: true });
  return directory;
}

function milliseconds(run: () => void): number {
  const started = performance.now();
  run();
  return performance.now() - started;
}

function median(values: number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

function seconds(values: number[]): string {
  return `${(median(values) / 1000).toFixed(2)} s`;
}

function ratio(values: number[], others: number[]): string {
  return (median(values) / median(others)).toFixed(2);
}

function row(name: string, ...cells: string[]): void {
  console.log(`  ${name.padEnd(8)} ${cells.join(', ')}`);
}
