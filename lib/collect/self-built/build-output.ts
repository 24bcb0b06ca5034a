/**
 * The build output of a self-built program: files that the program finds beside itself, through /proc/self/exe or `argv[0]`,
 * such as `plugins` and `data` beside `./dist/tool`, or `lib` and `share` beside the directory `bin` of the program.
 */
import * as path from 'path';
import { addWithinBudget } from './add-within-budget';
import { isHome, isSelfBuilt, isSourceTree } from './self-built';
import type { Program } from '../../closure/find';
import { carriedData, stringsOf } from '../../elf';
import { isStandardDirectory, unitOf } from '../../root/standard';
import { printableName } from '../../text/printable';
import { pathsAfterVariables } from '../commands/after-variable';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

const COMMANDS = ['bin', 'sbin', 'libexec'];

/** Usual names of a program's directories. If the program finds its own path, they are packed even if it does not name them. */
const USUAL = [
  'lib', 'lib64', 'plugins', 'modules', 'share', 'data', 'resources', 'assets', 'etc', 'conf', 'config', 'locale', 'locales', 'templates',
];

/** Symbols by which a program finds its own path: readlink(2) of /proc/self/exe, dladdr(3), AT_EXECFN, realpath(3) of `argv[0]`. */
const OWN_PATH = [
  'readlink', 'readlinkat', 'realpath', '__realpath_chk', '__readlink_chk', 'dladdr', 'getauxval', 'program_invocation_name',
];
/** The link by which Linux tells a program its own path. */
const OWN_LINK = '/proc/self/exe';
/** Maximum number of names that are searched for in all bytes of a program. They are the names of the files and directories beside it. */
const MOST_NAMES = 500;
/** Minimum length of such a name, in characters. Shorter names occur in any program by chance. */
const FEWEST_CHARACTERS = 4;
/** Expressions by which a script finds its own path: in Python, Node.js, PHP and Ruby, Perl, and shells. */
const OWN_DIRECTORY = /\b__(?:file|FILE|dir|DIR|filename|dirname)(?:__)?\b|\bimport\.meta\b|\bFindBin\b|\bBASH_SOURCE\b|\$0\b|\bargv\[0\]/;
const MOST_CHARACTERS = 4096;
/** Maximum size of a script that is searched, in bytes. Larger scripts have data appended to them. */
const MOST_SCRIPT = 1024 * 1024;

export function addBuildOutput({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const program = context.requestedPrograms.get(file);
  if (program === undefined || !isSelfBuilt(file, context)) return undefined;
  const delta = selection.fork();
  const directory = path.posix.dirname(file);
  const bases = COMMANDS.includes(path.posix.basename(directory)) ? [directory, path.posix.dirname(directory)] : [directory];
  for (const entry of relativeUnits(program, context)) addEntry(entry, entry, 'named', program, delta, context);
  const refersTo = references(program, bases.flatMap((base) => context.root.names(base)), context);
  for (const base of bases) {
    for (const name of context.root.names(base)) {
      const entry = path.posix.join(base, name);
      // skipped: the program itself, directories above it, hidden files, and directories that are already packed
      if (file === entry || file.startsWith(`${entry}/`) || name.startsWith('.') || delta.directories.has(entry)) continue;
      const reference = refersTo(name, context.root.isDirectory(entry));
      if (reference !== undefined) addEntry(entry, base, reference, program, delta, context);
    }
  }
  return delta;
}

/**
 * Finds files and directories that no package owns and that a script in a system directory names by a path relative to its own directory.
 * Returns the unit of each (see `unitOf`): for `"$(dirname "$0")/../lib/rig/rig.bin"` in /usr/local/bin, the directory /usr/local/lib/rig.
 */
function relativeUnits({ real, interpreter }: Program, { root, packages, searchPath }: Context): ReadonlySet<string> {
  const directory = path.posix.dirname(real);
  const isSystems = isStandardDirectory(directory) || searchPath.includes(directory);
  if (interpreter === undefined || !isSystems) return new Set();
  const named = pathsAfterVariables(real, root).flatMap((suffix) => root.real(path.posix.join(directory, suffix)) ?? []);
  const units = named.map((entry) => unitOf(entry));
  return new Set(units.filter((unit) => unit !== real && !isStandardDirectory(unit) && packages.ownerOf(unit) === undefined));
}

type Reference = 'named' | 'usual';

function addEntry(
  entry: string,
  base: string,
  reference: Reference,
  program: Program,
  delta: Selection,
  context: Context,
): void {
  const { real, interpreter } = program;
  const notice = (problem: string) => {
    delta.skip(entry, `beside ${real}, but ${problem}`);
    const beside = `${printableName(entry)}, beside ${printableName(real)}`;
    delta.notices.add(`${beside}, is not packed: ${problem}; name it in include if the program needs it`);
  };
  const place = problemWith(base, context);
  if (place !== undefined) {
    // no notice for a directory that only has a usual name, or for a file: it may be unrelated
    const isPacked = () => [...delta.files.keys()].some((packed) => packed.startsWith(`${entry}/`));
    if (reference === 'named' && place.isNoted && context.root.isDirectory(entry) && !isPacked()) notice(place.problem);
    return;
  }
  const rule = reference === 'named' ? 'the program names it' : 'the program finds its own path';
  const why = { reason: `beside ${path.posix.basename(real)}`, through: real, rule };
  const excess = addWithinBudget(entry, base, why, interpreter?.program.real ?? real, delta, context);
  if (excess !== undefined) notice(`it would add ${Math.round(excess / 1e6)} MB`);
}

/**
 * Returns why `base` is not regarded as the build output of a program in it; `undefined` if it is. `isNoted` states whether a notice
 * reports the directories in `base` that are not packed for this reason.
 */
function problemWith(base: string, context: Context): { readonly problem: string; readonly isNoted: boolean } | undefined {
  if (isStandardDirectory(base) || context.searchPath.includes(base)) return { problem: 'a system directory', isNoted: false };
  if (isHome(base) || path.posix.basename(base).startsWith('.')) {
    return { problem: 'files in a home directory may be private', isNoted: false };
  }
  if (isSourceTree(base, context)) return { problem: `${printableName(base)} is a source tree`, isNoted: true };
  return undefined;
}

/** Returns a function that tells how a program refers to a file or directory beside it, given the name of that file or directory. */
function references(
  program: Program,
  names: readonly string[],
  { root }: Context,
): (name: string, isDirectory: boolean) => Reference | undefined {
  const { elf, kind, size, mentions } = root.content(program.real);
  if (kind !== 'elf') {
    if (size > MOST_SCRIPT) return () => undefined;
    const text = root.read(program.real).toString('latin1');
    const isFinding = OWN_DIRECTORY.test(text);
    return (name, isDirectory) => {
      if (isNamedInScript(text, name) || (isFinding && isQuoted(text, name))) return 'named';
      return isFinding && isDirectory && USUAL.includes(name) ? 'usual' : undefined;
    };
  }
  if (elf === undefined) return () => undefined;
  const strings = [...root.scan(program.real, (bytes) => stringsOf(bytes, elf, MOST_CHARACTERS))];
  const words = new Set(strings);
  // relative paths, such as `plugins/p.so`, `%s/data/x.txt` and `../share`. A string that is a path in the source, such as `/usr/lib`,
  // does not count: it may be the beginning of a longer absolute path
  const relative = strings.filter((text) => text.includes('/') && root.real(text) === undefined);
  const components = new Set(relative.flatMap((text) => text.split('/')));
  const importsOwnPath = OWN_PATH.some((symbol) => elf.dynamic?.imports.has(symbol));
  const counted = words.has(OWN_LINK) ? undefined : root.scan(program.real, (bytes) => countedIn(bytes, names));
  const findsItself = importsOwnPath || counted !== undefined || mentions.some((mention) => mention.path === OWN_LINK);
  const carried = findsItself ? root.scan(program.real, (bytes) => carriedIn(bytes, names)) : undefined;
  return (name, isDirectory) => {
    if (components.has(name) || (findsItself && words.has(name)) || counted?.has(name) || carried?.has(name)) return 'named';
    return isDirectory && findsItself && USUAL.includes(name) ? 'usual' : undefined;
  };
}

/**
 * The names that occur anywhere in the bytes of a program. Programs in Go and Rust store the length of each string instead of
 * ending it with a NUL, so nothing separates one string from the next.
 *
 * @returns `undefined` for a program that does not contain the path /proc/self/exe
 */
function countedIn(bytes: Buffer, names: readonly string[]): ReadonlySet<string> | undefined {
  if (!bytes.includes(OWN_LINK)) return undefined;
  return searchedIn(names, (name) => bytes.includes(name));
}

/** The names that occur in data that a program carries, such as the archive that PyInstaller adds to a program. */
function carriedIn(bytes: Buffer, names: readonly string[]): ReadonlySet<string> {
  const data = carriedData(bytes);
  return searchedIn(names, (name) => data.some((part) => part.includes(name)));
}

function searchedIn(names: readonly string[], has: (name: string) => boolean): ReadonlySet<string> {
  return new Set(names.filter(({ length }) => length >= FEWEST_CHARACTERS).slice(0, MOST_NAMES).filter(has));
}

/** The whole name in quotes, as in `os.path.join(os.path.dirname(__file__), 'data')`. */
function isQuoted(text: string, name: string): boolean {
  return ['\'', '"'].some((quote) => text.includes(`${quote}${name}${quote}`));
}

/** True for expressions such as `./lib/x`, `"$DIR/data"`, `require('./x')` for `x.js`, and `import x` or `from x import y` for `x.py`. */
function isNamedInScript(text: string, name: string): boolean {
  const stem = path.posix.parse(name).name.replace(/[^\w-]/g, '\\$&');
  const whole = name.replace(/[^\w]/g, '\\$&');
  return new RegExp(`/(?:${whole}|${stem})(?![\\w.-])|(?<![\\w./-])${whole}/|(?:^|\\n)[ \\t]*(?:import|from)[ \\t]+${stem}\\b`).test(text);
}
