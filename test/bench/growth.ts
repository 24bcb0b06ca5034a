/**
 * Measures `binary-layer build` on generated roots. In each series one thing grows: installed packages, libraries,
 * data files, bytes.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { Workplace } from './measure';
import { inTurn, median } from './measure';
import { elfFile, noise } from '../elf-file';

export interface Growth {
  readonly what: string;
  readonly count: number;
  /** in seconds */
  readonly wall: number;
  readonly cpu: number;
  /** in MB */
  readonly peak: number;
}

type Write = (inside: string, content: string | Buffer) => void;

interface Series {
  readonly what: string;
  readonly counts: readonly number[];
  readonly write: (write: Write, count: number) => void;
}

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';
const DATA = '/usr/share/prog';
const FILES_OF_PACKAGE = 50;
const RUNS = 3;

/** The first count in each list is the base of the ratios. */
const SERIES: readonly Series[] = [
  { what: 'installed packages', counts: [200, 1000, 3000], write: (write, count) => writeProgram(write, [], count) },
  {
    what: 'libraries',
    counts: [10, 100, 300],
    write: (write, count) => {
      const name = (number: number) => `libgrowth${number}.so.1`;
      const needed = (number: number) => [1, 2, 3].map((next) => number + next).filter((next) => next < count).map(name);
      for (let number = 0; number < count; number++) {
        write(`${LIBRARIES}/${name(number)}`, elfFile({ soname: name(number), needed: needed(number), text: text(number, 20_000) }));
      }
      writeProgram(write, needed(-1), 200);
    },
  },
  {
    what: 'data files',
    counts: [100, 2000, 20_000],
    write: (write, count) => {
      const files = Array.from({ length: count }, (_, number) => `${DATA}/${number % 100}/${number}.txt`);
      for (const [number, file] of files.entries()) write(file, text(number, 1000));
      writeProgram(write, [], 200, files);
    },
  },
  {
    what: 'MB of data',
    counts: [10, 50, 250],
    write: (write, count) => {
      const files = Array.from({ length: count / 5 }, (_, number) => `${DATA}/${number}.txt`);
      for (const [number, file] of files.entries()) write(file, text(number, 5_000_000));
      writeProgram(write, [], 200, files);
    },
  },
];

/** @param build the command that builds the layer of a program from a root */
export function measureGrowth(work: Workplace, build: (program: string, root: string) => readonly string[]): Growth[] {
  return SERIES.flatMap(({ what, counts, write }) => {
    const roots = counts.map((count) => ({ count, root: work.fresh(`root ${what} ${count}`) }));
    for (const { count, root } of roots) write(writerIn(root), count);
    const environment = { XDG_CACHE_HOME: work.fresh('growth cache') };
    const ways = Object.fromEntries(
      roots.map(({ count, root }) => [`${count}`, () => work.run(build('/usr/bin/prog', root), environment)]),
    );
    const results = inTurn(RUNS, ways);
    const measured = roots.map(({ count, root }) => ({
      what,
      count,
      wall: median(results[`${count}`].map(({ wall }) => wall)),
      cpu: median(results[`${count}`].map(({ cpu }) => cpu)),
      peak: work.meter(build('/usr/bin/prog', root), environment).peak,
    }));
    for (const { root } of roots) fs.rmSync(root, { recursive: true });
    return measured;
  });
}

function writerIn(root: string): Write {
  return (inside, content) => {
    fs.mkdirSync(path.dirname(root + inside), { recursive: true });
    fs.writeFileSync(root + inside, content, { mode: 0o755 });
  };
}

/** A program that mentions its data, and a package database. */
function writeProgram(write: Write, needed: readonly string[], packages: number, data: readonly string[] = [`${DATA}/0.txt`]): void {
  write(LOADER, elfFile({ soname: path.basename(LOADER) }));
  write('/usr/bin/prog', elfFile({ interpreter: LOADER, needed, text: DATA }));
  if (data.length === 1) write(data[0], 'x');
  const paragraph = (name: string) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`;
  const others = Array.from({ length: packages }, (_, number) => `package${number}`);
  write('/var/lib/dpkg/status', ['prog', ...others].map(paragraph).join('\n'));
  write('/var/lib/dpkg/info/prog.list', ['/usr/bin/prog', DATA, ...data, ''].join('\n'));
  for (const name of others) {
    const files = Array.from({ length: FILES_OF_PACKAGE }, (_, number) => `/usr/share/${name}/directory/file${number}.txt`);
    write(`/var/lib/dpkg/info/${name}.list`, [...files, ''].join('\n'));
  }
}

/** Characters that compression makes a quarter smaller. */
function text(seed: number, size: number): string {
  return noise(Math.ceil(size * 3 / 4), seed % 256).toString('base64').slice(0, size);
}
