/**
 * Fuzzes every reader guided by code coverage, with Jazzer.js, and records the figures in docs/reliability.md.
 *
 * usage: npm run fuzz:coverage -- [--seconds 60 for each reader] [--reader NAME] [--record]
 *
 * Jazzer.js 4 needs glibc 2.38, and Debian 12 has 2.36, so Node.js runs under the loader and libraries of Debian 13, downloaded with
 * apt-get into a temporary directory. Exit status 1: a reader did something other than return a value or throw an error of its own.
 * The file that made it do so is kept in the temporary directory, to become a test.
 */
import { execFileSync, spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { parseArgs } from 'util';
import type { Tally } from './fuzz';
import type { Reader } from './readers';
import { READERS } from './readers';
import { record } from '../reliability';

const PROJECT = path.join(__dirname, '..', '..');
const JAZZER = '@jazzer.js/core@4.0.0';
const LIBRARIES = ['libc6', 'libstdc++6', 'libgcc-s1'];

interface Result extends Tally {
  readonly reader: string;
  /** edges of the code that some file reached */
  readonly edges: number;
  readonly failure?: string;
}

/** @returns the command that runs Node.js with a glibc that is new enough */
function nodeOnDebian13(directory: string): string[] {
  const site = execFileSync('apt-get', ['indextargets', '--format', '$(SITE)', 'Created-By: Packages'], { encoding: 'utf8' })
    .split('\n')
    .find((line) => line.endsWith('/debian'));
  if (site === undefined) throw new Error('apt has no Debian mirror: expected a line such as deb http://deb.debian.org/debian bookworm main');
  const at = (name: string) => path.join(directory, name);
  ['lists/partial', 'cache/archives/partial', 'root'].forEach((name) => fs.mkdirSync(at(name), { recursive: true }));
  fs.writeFileSync(at('sources.list'), `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${site} trixie main\n`);
  const options = [`Etc::sourcelist=${at('sources.list')}`, 'Etc::sourceparts=-', `State::lists=${at('lists')}`, `Cache=${at('cache')}`]
    .concat('State::status=/dev/null')
    .flatMap((option) => ['-o', `Dir::${option}`]);
  const aptGet = (...args: string[]) =>
    execFileSync('apt-get', ['-qq', ...options, ...args], { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  aptGet('update');
  aptGet('download', ...LIBRARIES);
  for (const name of fs.readdirSync(directory).filter((file) => file.endsWith('.deb'))) {
    execFileSync('dpkg-deb', ['-x', at(name), at('root')]);
  }
  const libraries = path.join(at('root'), 'usr/lib/x86_64-linux-gnu');
  return [path.join(libraries, 'ld-linux-x86-64.so.2'), '--library-path', libraries, process.execPath];
}

/** Compiles the readers, since Jazzer.js instruments JavaScript, and installs it beside them. */
function prepare(directory: string): void {
  const npx = (...args: string[]) => execFileSync('npx', args, { cwd: PROJECT, stdio: 'inherit' });
  npx('tsc', '-p', 'test/tsconfig.json', '--noEmit', 'false', '--declaration', 'false', '--outDir', path.join(directory, 'compiled'));
  fs.symlinkSync(path.join(PROJECT, 'node_modules'), path.join(directory, 'compiled', 'node_modules'));
  fs.copyFileSync(path.join(PROJECT, 'package.json'), path.join(directory, 'compiled', 'package.json'));
  execFileSync('npm', ['install', '--silent', '--ignore-scripts', '--prefix', path.join(directory, 'jazzer'), JAZZER], {
    stdio: 'inherit',
  });
}

function fuzzReader(reader: Reader, node: readonly string[], directory: string, seconds: number): Result {
  const corpus = path.join(directory, 'corpus', reader.name.replace(/\W/g, '-'));
  fs.mkdirSync(corpus, { recursive: true });
  reader.seeds.forEach(({ bytes }, index) => fs.writeFileSync(path.join(corpus, `seed-${index}`), bytes));
  const artifact = path.join(os.tmpdir(), `coverage-${path.basename(corpus)}-`);
  const compiled = path.join(directory, 'compiled');
  const args = [
    ...[
      path.join(directory, 'jazzer/node_modules/@jazzer.js/core/dist/cli.js'),
      path.join(compiled, 'test/fuzz/coverage-target.js'),
      corpus,
    ],
    ...['--includes', `${compiled}/lib/`, '--excludes', 'node_modules', '--disableBugDetectors', '.*'],
    ...['--', `-max_total_time=${seconds}`, '-max_len=65536', '-seed=1', `-artifact_prefix=${artifact}`],
  ];
  const { stderr, status } = spawnSync(node[0], [...node.slice(1), ...args], {
    encoding: 'utf8',
    cwd: directory,
    env: { PATH: process.env.PATH, HOME: directory, TMPDIR: os.tmpdir(), FUZZ_READER: reader.name },
    maxBuffer: 1 << 30,
  });
  const tally: Tally = JSON.parse(/TALLY (\{.*?\})$/m.exec(stderr)?.[1] ?? '{"cases":0,"accepted":0,"slowest":0}');
  const edges = Math.max(0, ...[...stderr.matchAll(/ cov: (\d+)/g)].map(([, count]) => Number(count)));
  const isSound = status === 0 && tally.cases > 0;
  return { reader: reader.name, edges, ...tally, ...(isSound ? {} : { failure: stderr.split('\n').slice(-25).join('\n') }) };
}

function report(results: readonly Result[], seconds: number): string {
  const total = results.reduce((sum, { cases }) => sum + cases, 0);
  const failures = results.filter(({ failure }) => failure !== undefined).length;
  return [
    `\`npm run fuzz:coverage -- --seconds ${seconds} --record\`, Jazzer.js 4.0.0, ${seconds} s for each reader: ${total} files, ` +
      `${failures} crashes, hangs (more than 2 s of CPU time) or foreign errors.`,
    '',
    '| reader | files | accepted | code edges reached | slowest file |',
    '|---|---:|---:|---:|---:|',
    ...results.map(
      ({ reader, cases, accepted, edges, slowest, failure }) =>
        `| ${reader} | ${cases} | ${accepted} | ${edges} | ${failure === undefined ? `${slowest.toFixed(0)} ms` : 'FAILED'} |`,
    ),
  ].join('\n');
}

function main(): void {
  const { values } = parseArgs({
    options: { seconds: { type: 'string' }, reader: { type: 'string' }, record: { type: 'boolean' } },
  });
  const seconds = Number(values.seconds ?? 60);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-coverage-'));
  try {
    prepare(directory);
    const node = nodeOnDebian13(directory);
    const results = READERS.filter(({ name }) => values.reader === undefined || name === values.reader).map((reader) => {
      const result = fuzzReader(reader, node, directory, seconds);
      console.log(
        `${result.reader}: ${result.cases} files, ${result.accepted} accepted, ${result.edges} edges, slowest ` +
          `${result.slowest.toFixed(0)} ms`,
      );
      if (result.failure !== undefined) console.log(result.failure);
      return result;
    });
    if (values.record) record('Fuzzing guided by coverage', report(results, seconds));
    process.exitCode = results.some(({ failure }) => failure !== undefined) ? 1 : 0;
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

main();
