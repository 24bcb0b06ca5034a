/**
 * Compares the resolver with the loader of a root, for every dynamic executable and library of the root.
 *
 * `ld.so --list FILE` prints the libraries that it would map, in order. `load` must return the same list, or reject the file because of
 * the same library.
 */
import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { closureTree } from '../../lib/cli/tree';
import { MissingLibraryError } from '../../lib/closure/closure';
import { load, MissingInterpreterError } from '../../lib/closure/program';
import type { Elf } from '../../lib/elf';
import { LoaderFiles } from '../../lib/loader/loader-files';
import { UnloadableError } from '../../lib/loader/search';
import type { Setting } from '../../lib/loader/search';
import { settingOf } from '../../lib/loader/setting';
import { DirectoryRoot } from '../../lib/root/directory-root';

const LOADER = '/lib64/ld-linux-x86-64.so.2';
/** Number of files that one shell lists: starting a sandbox takes longer than listing a file. */
const BATCH = 100;
const WORKERS = 2;
/** Markers that the shell prints after the output of each file, around the exit code. */
const [STATUS, END] = ['\x1e', '\x1f'];
const SCRIPT = 'loader=$1; shift; for file; do "$loader" --list "$file" 2>&1; printf \'\\036%s\\037\' $?; done';

export interface Agreement {
  readonly files: number;
  /** by verdict: `agree`, `differs` and so on */
  readonly counts: ReadonlyMap<string, number>;
  readonly differences: readonly Difference[];
}

export interface Difference {
  readonly file: string;
  readonly loader: string;
  readonly resolver: string;
}

interface Verdict {
  readonly name: string;
  readonly answer?: string;
}

/** The output of the loader for a file. */
interface Listed {
  readonly status: number;
  readonly text: string;
  /** paths in order, without the vDSO */
  readonly paths: readonly string[];
}

export interface AgreementOptions {
  /** compare the output of `binary-layer tree`, which must list the same missing libraries */
  readonly tree?: boolean;
  /** @default - the root's own `/` */
  readonly cwd?: string;
}

/**
 * @param root the root directory on this machine
 * @param directories inside the root, each searched with everything below it
 */
export async function agreement(
  root: string,
  directories: readonly string[],
  { tree = false, cwd = '/' }: AgreementOptions = {},
): Promise<Agreement> {
  const files = new DirectoryRoot(root);
  const variants = await searchedVariants(root);
  const setting = settingOf(files, 'x86_64', { variants, cwd });
  const counts = new Map<string, number>();
  const differences: Difference[] = [];
  const all = [...new Set(directories.flatMap((directory) => [...dynamicFiles(files, directory)]))];
  const batches = Array.from({ length: Math.ceil(all.length / BATCH) }, (_, index) => all.slice(index * BATCH, (index + 1) * BATCH));
  const worker = async (): Promise<void> => {
    for (let batch; (batch = batches.shift());) {
      const listed = await list(root, cwd, batch);
      for (const [index, file] of batch.entries()) {
        const { name, answer = '' } = tree
          ? compareTree(files, file, listed[index], { ...setting, files: new LoaderFiles(files) })
          : compare(files, file, listed[index], setting);
        counts.set(name, (counts.get(name) ?? 0) + 1);
        if (name === 'differs') differences.push({ file, loader: listed[index].text.replace(/\n/g, ' '), resolver: answer });
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, worker));
  return { files: all.length, counts, differences };
}

/** Lines of a report: the first differences and a summary. */
export function reportOf({ files, counts, differences }: Agreement): string[] {
  const shown = differences.slice(0, 20).map(({ file, loader, resolver }) => `${file}\n  loader:   ${loader}\n  resolver: ${resolver}`);
  return [...shown, `${files} files: ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`];
}

function compare(root: DirectoryRoot, file: string, listed: Listed, setting: Setting): Verdict {
  const elf = root.content(file).elf as Elf;
  let answer: string;
  try {
    // the loader that lists is this one, whatever the file names
    const objects = load(file, { ...elf, interpreter: LOADER }, setting).objects.slice(1);
    answer = objects
      .map((object) => (object.elf.interpreter === undefined && object.reason === 'interpreter' ? LOADER : object.path))
      .join(' ');
    if (listed.status === 0 && answer === listed.paths.join(' ')) return { name: 'agree' };
  } catch (error) {
    if (!(error instanceof MissingLibraryError || error instanceof MissingInterpreterError || error instanceof UnloadableError)) {
      throw error;
    }
    answer = error.message;
    if (error instanceof MissingLibraryError && saysMissing(listed.text, error.library)) return { name: 'agree that a library is missing' };
    if (error instanceof UnloadableError && error.message.startsWith(`${refusedFile(listed.text)} `)) {
      return { name: 'agree that a library cannot be loaded' };
    }
  }
  return { name: 'differs', answer };
}

function compareTree(root: DirectoryRoot, file: string, listed: Listed, setting: Setting): Verdict {
  const elf = setting.files.content(file).elf as Elf;
  const tree = closureTree(file, { ...elf, interpreter: LOADER }, setting, root, () => new Map());
  const answer = tree.objects
    .slice(1)
    .map((object) => (object.reason === 'interpreter' ? LOADER : object.path))
    .join(' ');
  const isSame = answer === listed.paths.join(' ');
  if (isSame && tree.missing.length === 0) return { name: 'agree' };
  const hasRefused = tree.missing.some(({ message }) => message.startsWith(`${refusedFile(listed.text)} `));
  if (hasRefused) return { name: 'agree that a library cannot be loaded' };
  if (
    tree.missing.length > 0 &&
    tree.missing.every(({ name }) => saysMissing(listed.text, name)) &&
    (isSame || listed.paths.length === 0)
  ) {
    return { name: 'agree that a library is missing' };
  }
  return { name: 'differs', answer: `${answer} ${tree.missing.map(({ message }) => message).join(' ')}` };
}

function saysMissing(text: string, library: string): boolean {
  return text.includes(`${library} => not found`) || text.includes(`${library}: cannot open shared object file`);
}

function refusedFile(text: string): string | undefined {
  const [, file] = /error while loading shared libraries: (\S+): /.exec(text) ?? [];
  return file && path.normalize(file);
}

/** Every dynamic x86_64 program or library below a directory that has a loader or needs a library. */
export function* dynamicFiles(root: DirectoryRoot, directory: string): Generator<string> {
  for (const entry of fs.readdirSync(root.locate(directory), { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) yield* dynamicFiles(root, file);
    if (!entry.isFile() || !startsAsElf(root.locate(file))) continue;
    const { elf } = root.content(file);
    if (elf instanceof Error || !elf?.dynamic || elf.type === 'relocatable' || elf.machine !== 'x86_64') continue;
    if (root.real(LOADER) === file || (elf.dynamic.needed.length === 0 && elf.interpreter === undefined)) continue;
    yield file;
  }
}

function startsAsElf(file: string): boolean {
  const head = Buffer.alloc(4);
  const handle = fs.openSync(file, 'r');
  fs.readSync(handle, head, 0, 4, 0);
  fs.closeSync(handle);
  return head.toString('latin1') === '\x7fELF';
}

async function list(root: string, cwd: string, files: readonly string[]): Promise<Listed[]> {
  const text = await inRoot(root, cwd, ['/bin/sh', '-c', SCRIPT, 'sh', LOADER, ...files]);
  const outputs = text.split(END).slice(0, -1);
  if (outputs.length !== files.length) {
    throw new Error(`${root}: the loader said something of ${outputs.length} of ${files.length} files: ${text.slice(-500)}`);
  }
  return outputs.map((output) => {
    const [said, status] = output.split(STATUS);
    const lines = said
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line && !line.startsWith('linux-vdso'));
    const paths = lines.filter((line) => line.includes('(0x')).map((line) => line.replace(/ \(0x[0-9a-f]+\)$/, '').replace(/^.* => /, ''));
    return { status: Number(status), text: said, paths: paths.map((found) => path.normalize(found)) };
  });
}

/** The subdirectories that the loader of a root searches on this machine, from its own help; before glibc 2.33 none. */
async function searchedVariants(root: string): Promise<string[]> {
  const help = await inRoot(root, '/', [LOADER, '--help']);
  return [...help.matchAll(/^\s+(x86-64-v\d) \(supported, searched\)/gm)].map(([, name]) => `glibc-hwcaps/${name}`);
}

/** Runs a command with a root as `/`, without any environment. @returns its output */
function inRoot(root: string, cwd: string, command: readonly string[]): Promise<string> {
  const options = [
    '--ro-bind',
    root,
    '/',
    ...(root === '/' ? [] : ['--proc', '/proc', '--dev', '/dev']),
    '--unshare-net',
    '--chdir',
    cwd,
    '--clearenv',
  ];
  return new Promise((resolve, reject) => {
    const child = spawn('bwrap', [...options, ...command], { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env.PATH } });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (data) => (text += data));
    child.stderr.setEncoding('utf8').on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', () => resolve(text));
  });
}
