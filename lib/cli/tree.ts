/**
 * `binary-layer tree PROGRAM`: prints the closure of a program, with the rule that found each library.
 *
 * Nothing is executed.
 */
import * as path from 'path';
import { Command } from 'commander';
import { addSource, openSource, type SourceOptions } from './source-options';
import { colours } from './terminal';
import type { Process } from '../closure/closure';
import { findProgram, machineOf } from '../closure/find';
import { loadWithout, type Missing } from '../closure/program';
import { type UnmetVersion, unmetVersions } from '../closure/versions';
import type { Elf } from '../elf';
import { LoaderFiles } from '../loader/loader-files';
import type { Loaded, Setting } from '../loader/search';
import { settingOf } from '../loader/setting';
import { ownersOf } from '../packages/owners';
import { openRoot } from '../root/open-root';
import type { Root } from '../root/root';
import { printable, printableJson, printableLines } from '../text/printable';

/** The JSON of `--json`. Objects are in the order in which the loader maps them, and are referred to by index. */
export interface Tree {
  /** path of the script, if the program is a script. In that case, the first object is the interpreter */
  readonly script?: string;
  readonly machine: string;
  readonly objects: readonly TreeObject[];
  readonly missing: readonly { readonly name: string; readonly requester: number; readonly message: string }[];
  readonly missingVersions: readonly { readonly version: string; readonly requester: number; readonly library: number }[];
}

export interface TreeObject {
  /** as found, without resolving links; `real` is the resolved path */
  readonly path: string;
  readonly real: string;
  /** the name that was requested; `''` for the program */
  readonly name: string;
  /** the rule that found it */
  readonly reason: string;
  /** index of the object that requested it first; null for the program */
  readonly requester: number | null;
  /** in bytes */
  readonly size: number;
  readonly package: string | null;
  /**
   * names in DT_NEEDED, DT_FILTER and DT_AUXILIARY, each with the index of the library's object, or null if the library is missing. Missing
   * libraries of DT_AUXILIARY are left out, because they are optional
   */
  readonly needs: readonly { readonly name: string; readonly object: number | null }[];
}

export function treeCommand(): Command {
  return addSource(new Command('tree'))
    .description('show the libraries of a program: where each is found and why, which file needs it, its size and its package')
    .argument('<program>', 'a command on PATH, or the path of a program')
    .option('--json', 'print JSON: the program and its libraries, in load order')
    .addHelpText('after', `
Examples:
  $ binary-layer tree rig
  $ binary-layer tree ./build/tool
  $ binary-layer tree ffmpeg --json | jq -r '.objects[].path'
  $ binary-layer tree rig --source directory:/srv/bookworm

Exit codes: 0; 1 if the program, a library or a symbol version is missing; 2 if the command line is wrong.`)
    .action((program: string, options: SourceOptions & { json?: boolean }) => {
      const tree = treeOf(program, options);
      process.stdout.write(options.json ? `${printableJson(tree)}\n` : render(tree));
      if (tree.missing.length + tree.missingVersions.length > 0) process.exitCode = 1;
    });
}

function treeOf(binary: string, options: SourceOptions): Tree {
  const source = openSource(options);
  const root = openRoot(source.directory);
  const files = new LoaderFiles(root);
  const found = findProgram(files, binary, source.searchPath, source.cwd);
  const { real, elf } = found.interpreter?.program ?? found;
  const setting = { ...settingOf(root, machineOf([found], source.machine), { libraryPath: source.libraryPath }), files };
  const tree = closureTree(real, elf!, setting, root);
  return found.interpreter ? { script: found.path, ...tree } : tree;
}

/**
 * The closure of the program at a resolved path.
 *
 * @param owned gives the packages of files
 */
export function closureTree(real: string, elf: Elf, setting: Setting, root: Root, owned: typeof ownersOf = ownersOf): Tree {
  const { process, missing } = loadWithout(real, elf, setting);
  const { objects } = process;
  const owners = owned(root, objects.map((object) => object.real));
  const place = new Map(objects.map((object, index) => [object, index]));
  return {
    machine: elf.machine,
    objects: objects.map((object) => toObject(object, process, place, owners, root)),
    missing: missing.map(({ name, requester, error }: Missing) => ({ name, requester: place.get(requester)!, message: error.message })),
    missingVersions: unmetVersions(objects).map(({ version, requester, library }: UnmetVersion) => ({
      version, requester: place.get(requester)!, library: place.get(library)!,
    })),
  };
}

function toObject(
  object: Loaded,
  process: Process,
  place: ReadonlyMap<Loaded, number>,
  owners: ReadonlyMap<string, string>,
  root: Root,
): TreeObject {
  const { needed = [], filter = [], auxiliary = [] } = object.elf.dynamic ?? {};
  const served = (name: string) => {
    const by = process.match(name);
    return (by && place.get(by)) ?? null;
  };
  const optional = auxiliary.map((name) => ({ name, object: served(name) })).filter((need) => need.object !== null);
  return {
    path: object.path,
    real: object.real,
    name: object.name,
    reason: object.reason,
    requester: object.loader ? place.get(object.loader)! : null,
    size: root.status(object.real)!.size,
    package: owners.get(object.real) ?? null,
    needs: [...[...needed, ...filter].map((name) => ({ name, object: served(name) })), ...optional],
  };
}

/**
 * Text for a terminal. Each object is shown once, below the object that requests it first. Below each object, one line lists the libraries
 * that it also needs and that are shown elsewhere.
 */
function render(found: Tree): string {
  const { bold, cyan, dim, red } = colours(process.stdout);
  const tree = inPlainText(found);
  const { objects, missing, missingVersions } = tree;
  const lines: string[] = [];
  const size = (bytes: number) => (bytes < 1e6 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  const facts = (object: TreeObject) =>
    `${cyan(`[${object.reason}]`)} ${dim([size(object.size), object.package ?? 'no package'].join(', '))}`;
  const children = objects.map((_, index) => objects.flatMap(({ requester }, child) => (requester === index ? [child] : [])));

  const show = (index: number, indent: string) => {
    const object = objects[index];
    const isElsewhere = (other: number | null) => other !== null && other !== index && !children[index].includes(other);
    const elsewhere = object.needs.filter((need) => isElsewhere(need.object)).map(({ name }) => name);
    const below: { line: string; child?: number }[] = [
      ...children[index].map((child) => ({ line: `${bold(objects[child].name)} ${objects[child].path} ${facts(objects[child])}`, child })),
      ...missing.filter(({ requester }) => requester === index).map(({ name }) => ({ line: red(`${name} not found`) })),
      ...missingVersions.filter(({ requester }) => requester === index)
        .map(({ version, library }) => ({ line: red(`${version} not in ${objects[library].path}`) })),
      ...(elsewhere.length > 0 ? [{ line: dim(`and ${elsewhere.join(', ')}`) }] : []),
    ];
    for (const [at, { line, child }] of below.entries()) {
      const isLast = at === below.length - 1;
      lines.push(dim(indent + (isLast ? '└── ' : '├── ')) + line);
      if (child !== undefined) show(child, indent + (isLast ? '    ' : '│   '));
    }
  };

  const [program] = objects;
  if (tree.script !== undefined) lines.push(`${bold(tree.script)} ${dim(`a script, run by ${path.posix.basename(program.path)}`)}`);
  lines.push(`${bold(program.path)} ${facts(program)}`);
  show(0, '');
  lines.push('', summary(tree, size));
  for (const { message } of missing) lines.push(...message.split('\n').map((line) => red(line)));
  for (const { version, requester, library } of missingVersions) {
    const { path: file, reason } = objects[library];
    lines.push(red(`version ${version} not found, needed by ${objects[requester].path}: ${file} [${reason}] does not have it`));
  }
  return `${lines.join('\n')}\n`;
}

function summary({ objects, missing, missingVersions }: Tree, size: (bytes: number) => string): string {
  const libraries = objects.length - 1;
  const unmet = missing.length + missingVersions.length;
  const sum = size(objects.reduce((bytes, object) => bytes + object.size, 0));
  const suffix = unmet > 0 ? `; ${unmet} unmet ${unmet === 1 ? 'need' : 'needs'}` : '';
  return `${libraries} ${libraries === 1 ? 'library' : 'libraries'}, ${sum} with the program${suffix}`;
}

/** The tree with its text escaped. */
function inPlainText(tree: Tree): Tree {
  const plain = (key: string, value: unknown) => {
    if (typeof value !== 'string') return value;
    return key === 'message' ? printableLines(value) : printable(value);
  };
  return JSON.parse(JSON.stringify(tree), plain) as Tree;
}
