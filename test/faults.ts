/**
 * Breaks builds, synths and runs: kills processes, fills disks, makes them read-only, changes files meanwhile, damages caches, runs
 * several apps at a time. Each attempt must end with a complete result or an error of this library, and the next run must remove
 * everything that it leaves behind.
 *
 * usage: ts-node -T test/faults.ts, as root for full disks; writes a section of docs/reliability.md
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'child_process';
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { record } from './reliability';

const MAIN = path.join(__dirname, '..', 'build', 'cli', 'main.js');
const LIBRARY = path.join(__dirname, '..', 'build', 'index.js');
const PROGRAM = 'rig';
const KILLS = 24;
/** Maximum time of a case, in milliseconds. */
const MOST_TIME = 60_000;

/** Directories of one attempt. */
interface Place {
  readonly directory: string;
  readonly output: string;
  readonly env: NodeJS.ProcessEnv;
}

interface Ended {
  readonly status: number | null;
  readonly stderr: string;
  readonly isKilled: boolean;
}

const WORK = fs.mkdtempSync('/var/tmp/binary-layer-faults-');
fs.chmodSync(WORK, 0o755); // the user of the sandbox must be able to enter it
const rows: { fault: string; tries: number; survived: number; outcome: string }[] = [];

function place(name: string): Place {
  const directory = path.join(WORK, name);
  for (const made of ['tmp', 'cache', 'out']) fs.mkdirSync(path.join(directory, made), { recursive: true });
  fs.chmodSync(path.join(directory, 'tmp'), 0o1777);
  const env = { ...process.env, TMPDIR: path.join(directory, 'tmp'), XDG_CACHE_HOME: path.join(directory, 'cache') };
  return { directory, output: path.join(directory, 'out', 'layer.zip'), env };
}

const build = ({ output }: Place, ...more: string[]) => [MAIN, 'build', PROGRAM, '-q', '-o', output, ...more];

/** An app with one layer, in its own or a shared cdk.out. */
const synth = ({ directory }: Place) => ['-e', `
  const { App, Stack } = require('aws-cdk-lib');
  const { BinaryLayer } = require(${JSON.stringify(LIBRARY)});
  const app = new App({ outdir: ${JSON.stringify(path.join(directory, 'out'))}, analyticsReporting: false });
  const program = ${JSON.stringify(PROGRAM)};
  new BinaryLayer(new Stack(app, 'Stack' + (process.env.APP ?? '')), 'Layer', { binary: program, testCommand: program });
  app.synth();`];

function start(args: readonly string[], { env }: Place, more: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, args, { env: { ...env, ...more }, stdio: ['ignore', 'ignore', 'pipe'] });
}

async function end(child: ChildProcess, killAfter = MOST_TIME): Promise<Ended> {
  let stderr = '';
  child.stderr!.on('data', (data: Buffer) => (stderr += data.toString()));
  let isKilled = false;
  const timer = setTimeout(() => (isKilled = child.kill('SIGKILL')), killAfter);
  const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
  clearTimeout(timer);
  return { status, stderr, isKilled };
}

/** Processes that have a directory in their command line or environment. */
function processesOf(directory: string): string[] {
  return fs.readdirSync('/proc').filter((id) => /^\d+$/.test(id) && Number(id) !== process.pid).filter((id) => {
    try {
      return ['cmdline', 'environ'].some((file) => fs.readFileSync(`/proc/${id}/${file}`, 'latin1').includes(directory));
    } catch {
      return false;
    }
  });
}

async function noneLeft(directory: string): Promise<boolean> {
  for (let tries = 0; tries < 60; tries++) {
    if (processesOf(directory).length === 0) return true;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return false;
}

const hash = (file: string) => createHash('sha256').update(fs.readFileSync(file)).digest('hex');
/** True for an error of this library: no stack trace, and no system error without the name of a file. */
const isOurs = ({ stderr }: Ended) => stderr.trim() !== '' && !/\n {4}at |internal error|TypeError|RangeError/.test(stderr);
const leftovers = ({ directory }: Place) => ['tmp', 'out'].flatMap((name) => (
  fs.readdirSync(path.join(directory, name)).filter((file) => /binary-layer-|\.tmp$|untried/.test(file))));

function add(fault: string, tries: readonly boolean[], outcome: string): void {
  const survived = tries.filter(Boolean).length;
  rows.push({ fault, tries: tries.length, survived, outcome });
  process.stdout.write(`${survived === tries.length ? 'ok  ' : 'FAIL'} ${fault}: ${survived} of ${tries.length} ${outcome}\n`);
}

/** Kills a command at random points, and then runs it to its end. */
async function kills(name: string, command: (at: Place) => string[], isWhole: (at: Place) => boolean): Promise<void> {
  const at = place(name);
  const started = performance.now();
  const { status, stderr } = await end(start(command(at), at));
  if (status !== 0) throw new Error(`${name} fails without any fault: ${stderr}`);
  const usual = performance.now() - started;
  const tries: boolean[] = [];
  for (let index = 0; index < KILLS; index++) {
    fs.rmSync(path.join(at.directory, 'cache'), { recursive: true });
    fs.rmSync(path.join(at.directory, 'out'), { recursive: true });
    for (const made of ['cache', 'out']) fs.mkdirSync(path.join(at.directory, made));
    await end(start(command(at), at), usual * (index + Math.random()) / KILLS);
    tries.push(await noneLeft(at.directory) && isWhole(at));
  }
  add(`${name}, killed at ${KILLS} points of its time`, tries, 'left no process, and no part of a result');
  const last = await end(start(command(at), at));
  add(`${name}, run again after that`, [last.status === 0 && leftovers(at).length === 0], 'succeeded, and removed what was left');
}

/** Runs a build in which one directory is a separate file system. */
function mounted(at: Place, directory: string, options: string, more: readonly string[] = []): Ended {
  const script = 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"';
  const words = ['-m', 'sh', '-c', script, 'sh', options, directory, process.execPath, ...build(at, ...more)];
  const { status, stderr, error } = spawnSync('unshare', words, { env: at.env, encoding: 'utf8', timeout: MOST_TIME });
  return { status, stderr, isKilled: error !== undefined };
}

function fullDisks(): void {
  const cases: [string, string, string, string[], RegExp | undefined][] = [
    [
      'the output directory is full',
      'out',
      'size=64k',
      [],
      /cannot write .*layer\.zip.*: no space is left on the device \(ENOSPC\)\n {2}make room/,
    ],
    ['the output directory is read-only', 'out', 'ro', [], /cannot write .*layer\.zip.*(?:\(EROFS\)|read-only)/],
    [
      'the directory for temporary files is full',
      'tmp',
      'size=64k,mode=1777',
      ['--test', PROGRAM],
      /no space is left on the device \(ENOSPC\)\n {2}set TMPDIR/,
    ],
    ['the cache is full', 'cache', 'size=4k', [], undefined],
    ['the cache is read-only', 'cache', 'ro', [], undefined],
  ];
  for (const [fault, directory, options, more, expected] of cases) {
    const at = place(fault.replaceAll(' ', '-'));
    const ended = mounted(at, path.join(at.directory, directory), options, more);
    const isRight = expected === undefined ? ended.status === 0 : ended.status === 1 && isOurs(ended) && expected.test(ended.stderr);
    if (!isRight) process.stdout.write(`  ${ended.status} ${ended.stderr}\n`);
    add(fault, [isRight], expected === undefined ? 'built the layer' : 'named the file and the remedy');
  }
}

/** A program in its own root, with a data file that changes while it is packed. */
async function races(): Promise<void> {
  const changes: [string, (file: string) => void][] = [
    ['is rewritten', (file) => fs.writeFileSync(file, String(Math.random()))],
    ['is replaced by a pipe', (file) => {
      fs.rmSync(file, { force: true });
      execFileSync('mkfifo', [file]);
    }],
    ['is replaced by a link to /dev/zero', (file) => {
      fs.rmSync(file, { force: true });
      fs.symlinkSync('/dev/zero', file);
    }],
    ['is removed', (file) => fs.rmSync(file, { force: true })],
  ];
  for (const [fault, change] of changes) {
    const tries: boolean[] = [];
    for (let index = 0; index < 5; index++) {
      const at = place(`race-${fault.replaceAll(/[^a-z]/g, '-')}-${index}`);
      const data = path.join(at.directory, 'data');
      fs.mkdirSync(data);
      const files = Array.from({ length: 40 }, (_, number) => path.join(data, `file-${number}`));
      for (const file of files) fs.writeFileSync(file, Buffer.alloc(256 * 1024, path.basename(file)));
      const child = start(build(at, '--include', data), at);
      const timer = setInterval(() => change(files[Math.floor(Math.random() * files.length)]), 20 + 20 * index);
      const ended = await end(child);
      clearInterval(timer);
      tries.push(!ended.isKilled && (ended.status === 0 || (isOurs(ended) && !fs.existsSync(at.output))) && leftovers(at).length === 0);
      if (!tries.at(-1)) process.stdout.write(`  ${ended.status} ${ended.stderr}\n`);
    }
    add(`a file ${fault} while it is packed`, tries, 'ended with a whole layer or an error of ours');
  }
}

async function caches(): Promise<void> {
  const damages: [string, (file: string) => void][] = [
    ['is empty', (file) => fs.truncateSync(file)],
    ['is cut in half', (file) => fs.truncateSync(file, fs.statSync(file).size >> 1)],
    ['holds garbage', (file) => fs.writeFileSync(file, Buffer.alloc(100_000, '\xff{"'))],
    ['is another user\'s', (file) => fs.chownSync(file, 65534, 65534)],
    ['is a directory', (file) => {
      fs.rmSync(file);
      fs.mkdirSync(file);
    }],
    ['is a pipe', (file) => {
      fs.rmSync(file);
      execFileSync('mkfifo', [file]);
    }],
  ];
  const at = place('caches');
  await end(start(synth(at), at));
  const assets = () => fs.readdirSync(path.join(at.directory, 'out')).filter((name) => /^asset\..*\.zip$/.test(name)).join();
  const before = assets();
  for (const [fault, damage] of damages) {
    const cache = path.join(at.directory, 'cache', 'cdk-binary-layer');
    for (const file of fs.readdirSync(cache, { recursive: true, withFileTypes: true })) {
      if (file.isFile()) damage(path.join(file.parentPath, file.name));
    }
    const ended = await end(start(synth(at), at));
    if (ended.status !== 0) process.stdout.write(`  ${ended.status} ${ended.stderr}\n`);
    add(`a file of the cache ${fault}`, [ended.status === 0 && assets() === before], 'gave the same asset');
    for (const file of fs.readdirSync(cache, { withFileTypes: true })) {
      if (!file.isFile()) fs.rmSync(path.join(cache, file.name), { recursive: true });
    }
  }
}

async function several(): Promise<void> {
  const at = place('several');
  const builds = await Promise.all(Array.from({ length: 4 }, () => end(start(build(at), at))));
  execFileSync('unzip', ['-tqq', at.output]);
  add('four builds of one output at a time', builds.map(({ status }) => status === 0), 'succeeded');
  const shared = place('shared');
  const apps = await Promise.all([1, 2, 3, 4].map((app) => end(start(synth(shared), shared, { APP: String(app) }))));
  for (const { status, stderr } of apps) if (status !== 0) process.stdout.write(`  ${stderr}\n`);
  add('four apps with one cdk.out at a time', apps.map(({ status }) => status === 0), 'succeeded');
}

async function main(): Promise<void> {
  const reference = place('reference');
  await end(start(build(reference), reference));
  const whole = hash(reference.output);
  await kills('build', (at) => build(at, '--test', PROGRAM), ({ output }) => !fs.existsSync(output) || hash(output) === whole);
  await kills('synth', synth, ({ directory }) =>
    fs
      .readdirSync(path.join(directory, 'out'))
      .filter((name) => name.endsWith('.zip'))
      .every((name) => hash(path.join(directory, 'out', name)) === whole),
  );
  await kills('run', () => [MAIN, 'run', reference.output, '--', PROGRAM], () => true);
  if (process.geteuid?.() === 0) fullDisks();
  await races();
  await caches();
  await several();
}

main().then(() => {
  const [tries, survived] = [rows.map((row) => row.tries), rows.map((row) => row.survived)].map((counts) =>
    counts.reduce((sum, count) => sum + count, 0),
  );
  record('Faults', [
    `\`npm run faults\` on Node ${process.versions.node}, Linux ${os.release()}: ${survived} of ${tries} faults survived.`,
    '',
    '| fault | tries | survived | by that |',
    '|---|---|---|---|',
    ...rows.map((row) => `| ${row.fault} | ${row.tries} | ${row.survived} | ${row.outcome} |`),
  ].join('\n'));
  process.exitCode = tries === survived ? 0 : 1;
}).catch((error: Error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exitCode = 1;
}).finally(() => fs.rmSync(WORK, { recursive: true, force: true }));
