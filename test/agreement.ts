/**
 * Compares the resolver with the machine's own loader, for every executable and library that it has.
 *
 * usage: npx ts-node test/agreement.ts [--tree] [DIRECTORY ...]      (default: /usr/bin /usr/sbin /usr/lib)
 *
 * `ld.so --list FILE` prints what it would map, and in which order; `load` has to answer the same, or to refuse the
 * file for the same library. With `--tree` it is what the command `binary-layer tree` shows that has to be the same, and
 * all that is missing has to be. Exit status 1: something differs.
 */
import { spawn } from 'child_process';
import * as fs from 'fs';
import * as path from 'path';
import { closureTree } from '../lib/cli/tree';
import { MissingLibraryError } from '../lib/closure/closure';
import { MissingInterpreterError, load } from '../lib/closure/program';
import { Elf } from '../lib/elf';
import { LoaderFiles } from '../lib/loader/files';
import { UnloadableError, Setting } from '../lib/loader/search';
import { settingOf } from '../lib/loader/setting';
import { Root } from '../lib/root/root';

const LOADER = '/lib64/ld-linux-x86-64.so.2';

async function main(args: string[]): Promise<void> {
  const isTree = args[0] === '--tree';
  const given = isTree ? args.slice(1) : args;
  const directories = given.length > 0 ? given : ['/usr/bin', '/usr/sbin', '/usr/lib'];
  const root = new Root('/');
  const variants = await searchedVariants();
  const setting = settingOf(root, 'x86_64', { variants, cwd: process.cwd() });
  const counts = new Map<string, number>();
  const differences: string[] = [];
  const files = [...new Set(directories.flatMap((directory) => [...dynamicFiles(root, directory)]))];
  let next = 0;
  const worker = async () => {
    while (next < files.length) {
      const file = files[next++];
      const said = await list(file);
      const verdict = isTree ? compareTree(root, file, said, { ...setting, files: new LoaderFiles(root) }) : compare(root, file, said, setting);
      counts.set(verdict.name, (counts.get(verdict.name) ?? 0) + 1);
      if (verdict.name === 'differs') differences.push(`${file}\n  loader:   ${said.text.replace(/\n/g, ' ')}\n  resolver: ${verdict.answer}`);
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  for (const difference of differences.slice(0, 20)) console.log(difference);
  console.log(`${files.length} files: ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`);
  process.exitCode = differences.length > 0 ? 1 : 0;
}

interface Said {
  readonly status: number;
  readonly text: string;
  /** paths in order, less the vDSO and the place in memory */
  readonly paths: readonly string[];
}

function compare(root: Root, file: string, said: Said, setting: Setting): { name: string; answer?: string } {
  const elf = root.content(file).elf as Elf;
  let answer: string;
  try {
    // the loader that lists is this machine's, whatever the file names
    const objects = load(file, { ...elf, interpreter: LOADER }, setting).objects.slice(1);
    answer = objects.map((object) => (object.elf.interpreter === undefined && object.reason === 'interpreter' ? LOADER : object.path)).join(' ');
    if (said.status === 0 && answer === said.paths.join(' ')) return { name: 'agree' };
  } catch (error) {
    if (!(error instanceof MissingLibraryError || error instanceof MissingInterpreterError || error instanceof UnloadableError)) throw error;
    answer = error.message;
    if (error instanceof MissingLibraryError && saysMissing(said.text, error.library)) return { name: 'agree that a library is missing' };
    if (error instanceof UnloadableError && error.message.startsWith(`${refusedFile(said.text)} `)) return { name: 'agree that a library cannot be loaded' };
  }
  return { name: 'differs', answer };
}

function compareTree(root: Root, file: string, said: Said, setting: Setting): { name: string; answer?: string } {
  const elf = setting.files.content(file).elf as Elf;
  const tree = closureTree(file, { ...elf, interpreter: LOADER }, setting, root, () => new Map());
  const answer = tree.objects.slice(1).map((object) => (object.reason === 'interpreter' ? LOADER : object.path)).join(' ');
  const isSame = answer === said.paths.join(' ');
  if (isSame && tree.missing.length === 0) return { name: 'agree' };
  const hasRefused = tree.missing.some(({ message }) => message.startsWith(`${refusedFile(said.text)} `));
  if (hasRefused) return { name: 'agree that a library cannot be loaded' };
  if (tree.missing.length > 0 && tree.missing.every(({ name }) => saysMissing(said.text, name)) && (isSame || said.paths.length === 0)) {
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

function* dynamicFiles(root: Root, directory: string): Generator<string> {
  for (const entry of fs.readdirSync(directory, { withFileTypes: true })) {
    const file = path.join(directory, entry.name);
    if (entry.isDirectory()) yield* dynamicFiles(root, file);
    if (!entry.isFile() || !startsAsElf(file)) continue;
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

function list(file: string): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(LOADER, ['--list', file], { env: {} });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.stderr.on('data', (data) => (text += data));
    child.on('close', (status) => {
      const lines = text.split('\n').map((line) => line.trim()).filter((line) => line && !line.startsWith('linux-vdso'));
      const paths = lines.filter((line) => line.includes('(0x')).map((line) => line.replace(/ \(0x[0-9a-f]+\)$/, '').replace(/^.* => /, ''));
      resolve({ status: status ?? 1, text, paths: paths.map((found) => path.normalize(found)) });
    });
  });
}

/** The subdirectories that this machine's loader looks into, as it says itself. */
async function searchedVariants(): Promise<string[]> {
  const help = await new Promise<string>((resolve) => {
    const child = spawn(LOADER, ['--help']);
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('close', () => resolve(text));
  });
  return [...help.matchAll(/^\s+(x86-64-v\d) \(supported, searched\)/gm)].map(([, name]) => `glibc-hwcaps/${name}`);
}

void main(process.argv.slice(2));
