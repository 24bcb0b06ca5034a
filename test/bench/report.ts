/**
 * The figures of a run as text, and as docs/benchmarks.md with a plot.
 */
import { execFileSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import type { Growth } from './growth';
import { scatterPlot } from './plot';

export interface Packing {
  readonly name: string;
  /** of the construct, with the load of the library */
  readonly seconds: number;
  /** of the manual way: ldd, cp, zip -r9 */
  readonly ofHand: number;
  /** of `binary-layer build` */
  readonly commandSeconds: number;
  readonly cpuSeconds: number;
  readonly sizeOfHand: number;
  /** in MB, of the command */
  readonly peak: number;
  readonly read: number;
  readonly opened: number;
  /** of the command, divided by that of the other checkout */
  readonly wallOfOther?: number;
  readonly cpuOfOther?: number;
}

/** Times in milliseconds. */
export interface Unchanged {
  readonly name: string;
  readonly load: number;
  readonly construct: number;
  /** of a layer that the CDK bundles from a directory, both times together */
  readonly ofPlain: number;
  /** the construct, if the kept fingerprint is lost */
  readonly withoutCache: number;
  readonly ofOther?: number;
}

export interface Start {
  readonly name: string;
  readonly ofInstalled: number;
  /** of the installed program */
  readonly milliseconds: number;
}

export interface Program {
  readonly name: string;
  readonly wall: number;
  readonly cpu: number;
  readonly megabytes: number;
  readonly zipped: number;
}

export interface Figures {
  readonly machine: string;
  readonly packing: readonly Packing[];
  readonly unchanged: readonly Unchanged[];
  /** layers of one app; 0 if not measured */
  readonly layers: number;
  /** the time for all of them, of the mean of one */
  readonly ofOneLayer: number;
  readonly starts: readonly Start[];
  readonly programs: readonly Program[];
  readonly growth: readonly Growth[];
}

export function machineInWords(root: string): string {
  const status = `${root}/var/lib/dpkg/status`;
  const packages = fs.existsSync(status) ? fs.readFileSync(status, 'utf8').match(/^Package: /gm)?.length ?? 0 : 0;
  const { version } = JSON.parse(fs.readFileSync(path.join(__dirname, '..', '..', 'package.json'), 'utf8')) as { version: string };
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: __dirname, encoding: 'utf8' }).trim();
  const [{ model }] = os.cpus();
  const source = root === '' ? 'this machine' : 'a root directory';
  return [
    `${os.cpus().length} cores (${model.trim()}), ${Math.round(os.totalmem() / 1e9)} GB of memory, Linux ${os.release()}, Node.js ` +
      `${process.versions.node}`,
    `cdk-binary-layer ${version} (${commit}); the source is ${source} with ${packages} packages`,
  ].join('; ');
}

const fixed = (value: number, digits = 2) => value.toFixed(digits);

/** @param before an earlier run: ratios to it are in parentheses */
export function inWords(figures: Figures, before?: Figures): string {
  const rows = tables(figures).map(({ title, head, body }) => {
    const widths = head.map((cell, column) => Math.max(cell.length, ...body.map((row) => row[column].length)));
    const line = (row: readonly string[]) =>
      row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ');
    return ['', title, line(head), ...body.map(line)].join('\n');
  });
  const compared = before === undefined ? [] : figures.packing.flatMap(({ name, ofHand }) => {
    const earlier = before.packing.find((one) => one.name === name);
    return earlier === undefined ? [] : [`${name}: ${fixed(ofHand / earlier.ofHand)} of the earlier run, each relative to the manual way`];
  });
  return [figures.machine, ...rows, ...(compared.length === 0 ? [] : ['', ...compared])].join('\n');
}

interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly body: readonly (readonly string[])[];
}

function tables({ packing, unchanged, layers, ofOneLayer, starts, programs, growth }: Figures): Table[] {
  const hasOther = packing.some(({ cpuOfOther }) => cpuOfOther !== undefined);
  const several = { title: 'Layers of one app', head: ['layers', 'time, of one layer'], body: [[`${layers}`, fixed(ofOneLayer, 1)]] };
  const all: Table[] = [
    {
      title: 'Packing, with an empty cache',
      head: [
        'program', 'construct', 'of the manual way', 'command', 'CPU', 'size, of the manual way', 'peak memory', 'read', 'files opened',
        ...(hasOther ? ['wall, of the other', 'CPU, of the other'] : []),
      ],
      body: packing.map((one) => [
        one.name, `${fixed(one.seconds)} s`, fixed(one.ofHand), `${fixed(one.commandSeconds)} s`, `${fixed(one.cpuSeconds)} s`,
        fixed(one.sizeOfHand), `${one.peak} MB`, `${one.read} MB`, `${one.opened}`,
        ...(hasOther ? [one.wallOfOther, one.cpuOfOther].map((ratio) => (ratio === undefined ? '' : fixed(ratio))) : []),
      ]),
    },
    {
      title: 'Unchanged layer',
      head: [
        'program', 'load', 'construct', 'both, of a directory that the CDK bundles', 'construct without its fingerprint',
        ...(hasOther ? ['of the other'] : []),
      ],
      body: unchanged.map((one) => [
        one.name, `${fixed(one.load, 0)} ms`, `${fixed(one.construct, 0)} ms`, fixed(one.ofPlain), `${fixed(one.withoutCache, 0)} ms`,
        ...(hasOther ? [one.ofOther === undefined ? '' : fixed(one.ofOther)] : []),
      ]),
    },
    ...(layers > 0 ? [several] : []),
    {
      title: 'Start of a program in the layer, of the installed one',
      head: ['program', 'ratio', 'installed'],
      body: starts.map(({ name, ofInstalled, milliseconds }) => [name, fixed(ofInstalled), `${fixed(milliseconds)} ms`]),
    },
    {
      title: 'Programs of the field trial',
      head: ['program', 'command', 'CPU', 'unpacked', 'zipped'],
      body: programs.map(({ name, wall, cpu, megabytes, zipped }) => [
        name, `${fixed(wall)} s`, `${fixed(cpu)} s`, `${fixed(megabytes, 1)} MB`, `${fixed(zipped, 1)} MB`,
      ]),
    },
    {
      title: 'Growth',
      head: ['what grows', 'count', 'command', 'CPU', 'count, of the first', 'CPU, of the first', 'peak memory'],
      body: ofTheFirst(growth).map(({ what, count, wall, cpu, peak, times, cpuTimes }) => [
        what, `${count}`, `${fixed(wall)} s`, `${fixed(cpu)} s`, fixed(times, 0), fixed(cpuTimes, 1), `${peak} MB`,
      ]),
    },
  ];
  return all.filter(({ body }) => body.length > 0);
}

/** Each step with its ratios to the first step of its series. */
function ofTheFirst(growth: readonly Growth[]): (Growth & { readonly times: number; readonly cpuTimes: number })[] {
  return growth.map((step) => {
    const first = growth.find(({ what }) => what === step.what)!;
    return { ...step, times: step.count / first.count, cpuTimes: step.cpu / first.cpu };
  });
}

/** @param file name of the files, without extension */
export function writeDocs(directory: string, file: string, figures: Figures): void {
  const { programs, growth } = figures;
  const points = programs.map(({ name, megabytes, wall }) => ({ name, x: megabytes, y: wall }));
  const plot = scatterPlot(
    points,
    { title: 'unpacked size in MB', ticks: [1, 2, 5, 10, 20, 50, 100, 200, 300] },
    { title: 'time of binary-layer build in seconds', ticks: [0.2, 0.5, 1, 2, 5, 10, 20, 50] },
  );
  if (programs.length > 0) fs.writeFileSync(path.join(directory, `${file}.svg`), plot);
  const steps = ofTheFirst(growth).filter(({ times }) => times > 1);
  const growthPlot = scatterPlot(
    steps.map(({ what, count, times, cpuTimes }) => ({ name: `${count} ${what}`, x: times, y: cpuTimes })),
    { title: 'size of the input, of the smallest', ticks: [1, 2, 5, 10, 20, 50, 100, 200] },
    { title: 'CPU time, of the smallest', ticks: [1, 2, 5, 10, 20, 50, 100, 200] },
  );
  if (growth.length > 0) fs.writeFileSync(path.join(directory, 'growth.svg'), growthPlot);
  const total = programs.reduce((sum, { wall }) => sum + wall, 0);
  const sections = tables(figures).map(({ title, head, body }) => {
    const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
    return ['', `## ${title}`, '', line(head), line(head.map((_, column) => (column === 0 ? '---' : '---:'))), ...body.map(line)].join(
      '\n',
    );
  });
  fs.writeFileSync(path.join(directory, `${file}.md`), [
    '# Benchmarks',
    '',
    '`npm run bench -- --docs` writes this file, and with `--root`, benchmarks-root.md. *The other* is the version that `--against`',
    'names, which was measured in turn. Figures are medians. The manual way is',
    '`ldd`, `cp` and `zip -r9`; it packs no data and edits nothing.',
    '',
    `${figures.machine}.`,
    ...sections,
    ...(programs.length === 0 ? [] : [
      '',
      `All ${programs.length} programs together take ${fixed(total, 0)} s.`,
      '',
      `![Time of binary-layer build by the unpacked size of the layer](${file}.svg)`,
    ]),
    ...(growth.length === 0 ? [] : ['', '![CPU time of binary-layer build by the size of its input](growth.svg)']),
    '',
  ].join('\n'));
}
