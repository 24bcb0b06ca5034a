/**
 * Packs every dynamic program of this machine into layers, and compares each with the original: its loader must map only files of the
 * layer, and a program that may be started must have the same output and exit code.
 *
 * Only the programs in started.txt, which answer `--version`, are started. For others, the loader lists what it would load
 * (LD_TRACE_LOADED_OBJECTS), which starts nothing.
 */
import { spawnSync } from 'child_process';
import * as fs from 'fs';
import * as os from 'os';
import * as path from 'path';
import { dynamicFiles } from './loader';
import type { Elf } from '../../lib/elf';
import { writeDirectory } from '../../lib/pack/directory';
import type { Plan } from '../../lib/plan/layout/plan';
import { planLayer } from '../../lib/plan/plan-layer';
import { DirectoryRoot } from '../../lib/root/directory-root';

const DIRECTORIES = ['/usr/bin', '/usr/sbin', '/usr/games'];
export const STARTED = path.join(__dirname, 'started.txt');
/** Number of programs in one layer: the time for a layer depends on its largest programs. */
const BATCH = 25;
const [STATUS, END] = ['\x1e', '\x1f'];
/** Runs each program in its own process group, and stops a program that waits for input. */
const SCRIPT = [
  'for name; do timeout -k 1 20 "$name" --version 2>&1 </dev/null; printf "\\036%s\\037" $?; done',
  'for name; do timeout 20 env LD_TRACE_LOADED_OBJECTS=1 "$name" 2>&1 </dev/null; printf "\\036%s\\037" $?; done',
];

export interface ProgramResults {
  readonly programs: number;
  /** started, with the exit code and the output of the original */
  readonly same: number;
  /** not started: the loader maps only files of the layer */
  readonly traced: number;
  /** name → the error of the library; nothing was packed */
  readonly refused: ReadonlyMap<string, string>;
  /** name → difference */
  readonly broken: ReadonlyMap<string, string>;
}

interface Output {
  readonly status: number;
  readonly text: string;
}

function dynamicPrograms(): string[] {
  const root = new DirectoryRoot('/');
  const directories = DIRECTORIES.filter((directory) => fs.existsSync(directory));
  return directories
    .flatMap((directory) => [...dynamicFiles(root, directory)])
    .filter((file) => (root.content(file).elf as Elf).interpreter?.includes('/ld-linux') && (fs.statSync(file).mode & 0o6000) === 0)
    .sort();
}

/** @param onlyEvery checks one of this number of programs @default - all */
export async function comparePrograms(onlyEvery = 1): Promise<ProgramResults> {
  const started = new Set(fs.readFileSync(STARTED, 'utf8').split('\n'));
  const programs = dynamicPrograms().filter((_, index) => index % onlyEvery === 0);
  const [refused, broken] = [new Map<string, string>(), new Map<string, string>()];
  let [same, traced] = [0, 0];
  const check = async (batch: readonly string[], plan: Plan, detectData: boolean): Promise<void> => {
    const layer = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'binary-layer-conformance-')), 'opt');
    try {
      await writeDirectory(plan, layer);
      const names = batch.map((file) => path.basename(file));
      const starting = names.filter((name) => started.has(name));
      const mapped = run(names, SCRIPT[1], layer);
      const [answers, originals] = [run(starting, SCRIPT[0], layer), run(starting, SCRIPT[0])];
      for (const [index, name] of names.entries()) {
        const trace = wrongLoad(mapped[index]);
        const at = starting.indexOf(name);
        const difference = trace ?? (at < 0 ? undefined : differenceOf(originals[at], answers[at], layer));
        if (difference === undefined) {
          if (at >= 0) same++;
          else traced++;
        } else if (!detectData) {
          await attempt([batch[index]], true); // it may need its data
        } else {
          broken.set(batch[index], difference);
        }
      }
    } finally {
      fs.rmSync(path.dirname(layer), { recursive: true, force: true });
    }
  };
  /** A batch that cannot be packed together is halved. */
  const attempt = async (batch: readonly string[], detectData = false): Promise<void> => {
    let plan: Plan;
    try {
      plan = planOf(batch, detectData);
    } catch (error) {
      if (batch.length === 1) {
        refused.set(batch[0], (error as Error).message.split('\n')[0]);
        return;
      }
      const middle = batch.length >> 1;
      await attempt(batch.slice(0, middle));
      await attempt(batch.slice(middle));
      return;
    }
    await check(batch, plan, detectData);
  };
  for (let at = 0; at < programs.length; at += BATCH) {
    await attempt(programs.slice(at, at + BATCH));
    process.stderr.write(`\r${Math.min(at + BATCH, programs.length)} of ${programs.length} programs, ${broken.size} broken`);
  }
  process.stderr.write('\n');
  return { programs: programs.length, same, traced, refused, broken };
}

function planOf(batch: readonly string[], detectData: boolean): Plan {
  return planLayer(new DirectoryRoot('/'), {
    binaries: batch,
    rename: {},
    include: [],
    exclude: [],
    detectData,
    traceCommands: [],
    searchPath: DIRECTORIES,
    libraryPath: '',
    cwd: '/',
  }).plan;
}

/** @returns files that a loader maps from outside the layer, or cannot find */
function wrongLoad({ status, text }: Output): string | undefined {
  if (status !== 0) return `the loader ends with ${status}: ${text.slice(0, 300)}`;
  const outside = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('linux-vdso') && !/(?:^|=> )\/opt\//.test(line));
  return outside.length === 0 ? undefined : `not from the layer: ${outside.join(', ').slice(0, 300)}`;
}

function differenceOf(original: Output, answer: Output, layer: string): string | undefined {
  if (original.status === answer.status && original.text === asInstalled(answer.text, layer)) return undefined;
  return `ends with ${answer.status} instead of ${original.status}: ${answer.text.slice(0, 200)} instead of ${original.text.slice(0, 200)}`;
}

/** Replaces paths of the layer in an output by those of the source: below the mirrored root, in /opt/bin, and at path aliases. */
function asInstalled(text: string, layer: string): string {
  const links = fs.readdirSync(layer, { withFileTypes: true }).filter((entry) => entry.isSymbolicLink());
  const target = (name: string): string => fs.readlinkSync(path.join(layer, name));
  const aliased = links.reduce((before, { name }) => before.replaceAll(`/opt/${name}`, `/opt/${target(name)}`), text);
  return aliased.replace(/\/opt\/elf\/[0-9a-f]+/g, '').replaceAll('/opt/bin/', '/usr/bin/');
}

/**
 * Runs programs by their names, without network; only /tmp is writable.
 *
 * @param layer the directory of the layer @default - the originals
 */
function run(names: readonly string[], script: string, layer?: string): Output[] {
  if (names.length === 0) return [];
  const searchPath = [...(layer === undefined ? [] : ['/opt/bin']), ...DIRECTORIES, '/usr/bin'].join(':');
  const { stdout, stderr } = spawnSync(
    'bwrap',
    [
      '--ro-bind',
      '/',
      '/',
      ...(layer === undefined ? [] : ['--ro-bind', layer, '/opt']),
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      '--tmpfs',
      '/tmp',
      '--tmpfs',
      '/run',
      '--tmpfs',
      '/root',
      '--unshare-all',
      '--uid',
      '65534',
      '--gid',
      '65534',
      '--die-with-parent',
      '--new-session',
      '--chdir',
      '/tmp',
      '--clearenv',
      '--setenv',
      'PATH',
      searchPath,
      '--setenv',
      'HOME',
      '/tmp',
      '--setenv',
      'LANG',
      'C.UTF-8',
      '/bin/sh',
      '-c',
      script,
      'sh',
      ...names,
    ],
    { encoding: 'utf8', maxBuffer: 2 ** 28, env: { PATH: process.env.PATH } },
  );
  const outputs = stdout.split(END).slice(0, -1);
  if (outputs.length !== names.length) throw new Error(`${outputs.length} of ${names.length} programs were run: ${stderr.slice(0, 500)}`);
  return outputs.map((output) => {
    const at = output.lastIndexOf(STATUS);
    return { status: Number(output.slice(at + 1)), text: output.slice(0, at) };
  });
}

/** The programs that print the same for `--version` twice, with exit code 0. */
export function answering(): string[] {
  const names = dynamicPrograms().map((file) => path.basename(file));
  const [first, second] = [run(names, SCRIPT[0]), run(names, SCRIPT[0])];
  return [
    ...new Set(
      names.filter((_, index) => first[index].status === 0 && first[index].text !== '' && first[index].text === second[index].text),
    ),
  ];
}
