/**
 * Files that code of a self-built script names by a path relative to its own file: `require_relative 'lib/rig'` in Ruby,
 * `__DIR__ . '/../templates'` in PHP, `require('./rig')` and `path.join(__dirname, 'data')` in JavaScript, `Path(__file__).parent / 'data'`
 * in Python.
 *
 * Such a path is stronger evidence than a name, so it counts in a source tree, too. Only the file or directory that it names is packed.
 */
import * as path from 'path';
import { addWithinBudget } from './add-within-budget';
import { isHome, isSelfBuilt, isSourceTree } from './self-built';
import { isStandardDirectory } from '../../root/standard';
import { printableName } from '../../text/printable';
import { isCode } from '../commands/command-words';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Maximum size of a file that is searched, in bytes. */
const MOST_BYTES = 1024 * 1024;
/** Directories of installed packages, which are packed as a whole: files in them are not searched for paths. */
const INSTALLED = /\/(?:node_modules|vendor|site-packages|dist-packages|gems)\//;

/** A path in quotes. */
const QUOTED = '(["\'`])([\\w.@+/ -]+)\\1';
/** Arguments in quotes: `'..', 'data'`. */
const LIST = '((?:\\s*,\\s*["\'][\\w.@+/ -]+["\'])+)';

interface Expression {
  readonly pattern: RegExp;
  /** the path that a match stands for, relative to the directory of the file */
  readonly pathOf: (match: RegExpMatchArray) => string;
}

const joined = (list: string) => [...list.matchAll(/["']([^"']+)["']/g)].map(([, word]) => word).join('/');
const up = (levels: string | undefined) => '../'.repeat(Number(levels ?? 1));

const EXPRESSIONS: readonly Expression[] = [
  // PHP: `dirname(__FILE__)` is `__DIR__`
  { pattern: new RegExp(`(?:__DIR__|\\bdirname\\(\\s*__FILE__\\s*\\))\\s*\\.\\s*${QUOTED}`, 'g'), pathOf: ([, , to]) => to },
  {
    pattern: new RegExp(`\\bdirname\\(\\s*__DIR__\\s*(?:,\\s*(\\d)\\s*)?\\)\\s*\\.\\s*${QUOTED}`, 'g'),
    pathOf: ([, levels, , to]) => up(levels) + to,
  },
  // Ruby
  { pattern: new RegExp(`\\brequire_relative[ (]+${QUOTED}`, 'g'), pathOf: ([, , to]) => to },
  { pattern: new RegExp(`\\bjoin\\(\\s*__dir__${LIST}`, 'g'), pathOf: ([, list]) => joined(list) },
  { pattern: new RegExp(`\\bexpand_path\\(\\s*${QUOTED}\\s*,\\s*__dir__`, 'g'), pathOf: ([, , to]) => to },
  { pattern: new RegExp(`\\bexpand_path\\(\\s*${QUOTED}\\s*,\\s*__FILE__`, 'g'), pathOf: ([, , to]) => `x/${to}` },
  { pattern: /#\{__dir__\}\/([\w.@+/-]+)/g, pathOf: ([, to]) => to },
  // JavaScript
  { pattern: /\b(?:require|import)\s*\(\s*(["'`])(\.\.?\/[\w.@+/-]+)\1/g, pathOf: ([, , to]) => to },
  { pattern: /\b(?:from|import)\s*(["'])(\.\.?\/[\w.@+/-]+)\1/g, pathOf: ([, , to]) => to },
  { pattern: new RegExp(`\\b(?:join|resolve)\\(\\s*__dirname${LIST}`, 'g'), pathOf: ([, list]) => joined(list) },
  { pattern: new RegExp(`\\b__dirname\\s*\\+\\s*${QUOTED}`, 'g'), pathOf: ([, , to]) => to },
  { pattern: /\$\{__dirname\}\/([\w.@+/-]+)/g, pathOf: ([, to]) => to },
  { pattern: new RegExp(`\\bnew URL\\(\\s*${QUOTED}\\s*,\\s*import\\.meta\\.url`, 'g'), pathOf: ([, , to]) => to },
  // Python
  { pattern: new RegExp(`\\bjoin\\([\\w.(]*\\bdirname\\([\\w.(]*__file__\\)*${LIST}`, 'g'), pathOf: ([, list]) => joined(list) },
  {
    pattern: /\bPath\(\s*__file__\s*\)(?:\.\w+\(\))*((?:\.parent)+)((?:\s*\/\s*["'][\w.@+/ -]+["'])+)/g,
    pathOf: ([, parents, list]) => `${'../'.repeat(parents.split('.').length - 2)}${joined(list)}`,
  },
];

/** `import rig` and `from rig.x import y`, which Python finds beside the script as `rig.py` or in the package `rig`. */
const IMPORT = /^[ \t]*(?:from|import)[ \t]+(\w+)/gm;

/** Suffixes that module resolvers append to a name. */
const ENDINGS = ['', '.rb', '.js', '.cjs', '.mjs', '.json', '.node', '.so', '/index.js'];

export function addOwnReferences({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, requestedPrograms } = context;
  if (!isSelfBuilt(file, context) || INSTALLED.test(file)) return undefined;
  const { kind, size } = root.content(file);
  if (size > MOST_BYTES || !(kind === 'script' || (kind === 'text' && isCode(file)))) return undefined;
  const script = [...requestedPrograms.values()].find(({ real, interpreter }) => interpreter !== undefined && isSelfBuilt(real, context));
  if (script === undefined) return undefined;
  const opener = script.interpreter!.program.real;
  const delta = selection.fork();
  for (const entry of referencesIn(file, context)) add(entry, file, opener, delta, context);
  return delta;
}

/** Resolved paths that a file names, except for its own path and those of directories above it. */
function referencesIn(file: string, { root }: Context): ReadonlySet<string> {
  const text = root.scan(file, (bytes) => bytes.toString('latin1'));
  const directory = path.posix.dirname(file);
  const relative = new Set(EXPRESSIONS.flatMap(({ pattern, pathOf }) => [...text.matchAll(pattern)].map(pathOf)));
  const found = [...relative].flatMap((to) => {
    const named = path.posix.join(directory, to);
    const files = ENDINGS.map((ending) => root.file(named + ending)).filter((real) => real !== undefined);
    return files[0] ?? root.real(named) ?? [];
  });
  for (const [, name] of text.matchAll(IMPORT)) {
    const module = path.posix.join(directory, name);
    const real = root.file(`${module}.py`) ?? (root.file(`${module}/__init__.py`) && root.real(module));
    if (real !== undefined) found.push(real);
  }
  return new Set(found.filter((real) => !`${file}/`.startsWith(`${real}/`)));
}

function add(entry: string, file: string, opener: string, delta: Selection, context: Context): void {
  const base = commonDirectory(entry, file);
  const { root, packages, searchPath } = context;
  if (isStandardDirectory(base) || isHome(base) || searchPath.includes(base) || packages.ownerOf(entry) !== undefined) return;
  if (root.isDirectory(entry) && isSourceTree(entry, context)) return;
  const why = { reason: `beside ${path.posix.basename(file)}`, through: file, rule: 'the file names it by a path relative to its own' };
  const excess = addWithinBudget(entry, base, why, opener, delta, context);
  if (excess === undefined) return;
  const problem = `it would add ${Math.round(excess / 1e6)} MB`;
  delta.skip(entry, `beside ${file}, but ${problem}`);
  const beside = `${printableName(entry)}, which ${printableName(file)} names`;
  delta.notices.add(`${beside}, is not packed: ${problem}; name it in include if the program needs it`);
}

/** The deepest directory that both paths are below. */
function commonDirectory(file: string, other: string): string {
  let at = path.posix.dirname(file);
  while (at !== '/' && !other.startsWith(`${at}/`)) at = path.posix.dirname(at);
  return at;
}
