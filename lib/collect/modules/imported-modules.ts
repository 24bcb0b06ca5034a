/**
 * Modules that self-built scripts import from packages: `import cv2`, `use XML::Parser`, `library(knitr)`. No package declares
 * the dependencies of such a script, so they are read from its text.
 *
 * A name counts only if packages have installed a module of that name for the script's interpreter.
 */
import * as path from 'path';
import type { Program } from '../../closure/find';
import type { Package } from '../../packages/package';
import { isStandardDirectory } from '../../root/standard';
import { addImported } from '../programs/programs';
import { isForModules } from '../relations/interpreter-modules';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import { isForDevelopment } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';
import { isSelfBuilt } from '../self-built/self-built';

/** Maximum size of a script or module, in bytes. */
const MOST_BYTES = 1024 * 1024;
/** Maximum number of names in one file. */
const MOST_NAMES = 1024;
/** Directories in which packages install directories of modules. */
const PARENTS = ['/usr/lib', '/usr/share'];
/** Maximum number of packages that own a module. A directory with more owners is a namespace, such as Perl's `File`. */
const MOST_OWNERS = 4;
/** Number of directory levels that are searched for modules: the first is that of `/usr/share/perl5`, the second that of `perl5/5.36`. */
const MOST_LEVELS = 3;
/** A directory of RubyGems: each directory in it is a gem, with modules in `lib`. */
const GEMS = 'gems';
/**
 * Rest of a file name after a module's name: empty for a directory, else a suffix. The suffix of a library may contain a tag:
 * `.cpython-311.so`.
 */
const MODULE = /^(?:\.(?:py|pm|rb|lua|js|cjs|mjs|scm|tcl)|(?:\.[\w-]+)*\.so)?$/;

interface Import {
  readonly statement: RegExp;
  /** between the components of a name */
  readonly separator: RegExp;
  /** whether only the whole name can be a module @default - its beginning can, too: `a.b.c` may be the variable `c` of the module `a.b` */
  readonly isWhole?: boolean;
  /** pattern that the beginning of a text must match for such statements to count @default - no pattern */
  readonly start?: RegExp;
  /** a component that the statement omits before each name: `DBD` in `DBD::Pg` */
  readonly parent?: string;
  /** whether the module's name is the lower-case form of the name in the statement @default false */
  readonly isLowerCase?: boolean;
}

const IN_PHP = { start: /^(?:#!.*\n)?\s*<\?php\b/, isLowerCase: true };

const IMPORTS: readonly Import[] = [
  // Python
  { statement: /(?:^|;)[ \t]*from[ \t]+(\w[\w.]*)[ \t]+import\b/gm, separator: /\./ },
  { statement: /(?:^|;)[ \t]*import[ \t]+(\w[\w., \t]*)/gm, separator: /\./ },
  // Perl
  { statement: /(?:^|;)[ \t]*(?:use|require)[ \t]+(\w+(?:::\w+)*)/gm, separator: /::/, isWhole: true },
  // the driver in a data source of Perl's DBI: `dbi:Pg:dbname=rig`
  { statement: /["'(]dbi:(\w+)[:(]/gi, separator: /$^/, parent: 'DBD', isWhole: true },
  // Ruby, Lua, Node.js
  { statement: /\b(?:require|from|import)[ \t(]+["']([\w@][\w./@-]*)["']/gm, separator: /[/]/ },
  { statement: /\brequire[ \t(]+["'](\w[\w.]*)["']/gm, separator: /\./ },
  // extensions of PHP, which are loaded before a script starts: `new Imagick`, `Redis::VERSION`, `yaml_parse(…)`
  { ...IN_PHP, statement: /\bnew[ \t]+\\?(\w+)/g, separator: /$^/ },
  { ...IN_PHP, statement: /\b([A-Za-z]\w*)::/g, separator: /$^/ },
  { ...IN_PHP, statement: /\b([a-z][a-z0-9]*)_\w+[ \t]*\(/g, separator: /$^/ },
  // R
  { statement: /\b(?:library|require|requireNamespace)\([ \t]*["']?([\w.]+)/gm, separator: /$^/ },
  { statement: /(?<![\w:])([a-z][\w.]*):::?[A-Za-z]/gm, separator: /$^/ },
];

export function addImportedModules({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root } = context;
  if (!isSelfBuilt(file, context) || isIsolated(file, context)) return undefined;
  const { kind, size } = root.content(file);
  if ((kind !== 'script' && kind !== 'text') || size > MOST_BYTES) return undefined;
  const scripts = [...context.requestedPrograms.values()].filter(({ interpreter, real }) => interpreter && isSelfBuilt(real, context));
  if (scripts.length === 0) return undefined;
  const delta = selection.fork();
  const names = namesIn(root.scan(file, (bytes) => bytes.toString('latin1')));
  for (const script of scripts) {
    const directories = moduleDirectories(script, context);
    for (const [name, imported] of names) {
      const key = `${script.real} imports ${name}`;
      if (delta.followed.has(key)) continue;
      delta.followed.add(key);
      addImported(providersOf(imported, directories, context), script, file, delta, context);
    }
  }
  return delta;
}

/** The modules that a file imports, as the interpreter of a script finds them: first component of the name → packages of the module. */
export function modulesNamedIn(file: string, script: Program, context: Context): ReadonlyMap<string, readonly Package[]> {
  const { root } = context;
  if (root.content(file).size > MOST_BYTES) return new Map();
  const directories = moduleDirectories(script, context);
  const names = namesIn(root.scan(file, (bytes) => bytes.toString('latin1')));
  return new Map([...names.values()].map((imported) => [imported.components[0], providersOf(imported, directories, context)]));
}

interface Imported {
  readonly components: readonly string[];
  readonly isWhole?: boolean;
}

function namesIn(text: string): ReadonlyMap<string, Imported> {
  const found = new Map<string, Imported>();
  for (const { statement, separator, isWhole, start, parent, isLowerCase } of IMPORTS) {
    if (start && !start.test(text)) continue;
    for (const [, listed] of text.matchAll(statement)) {
      for (const name of (isLowerCase ? listed.toLowerCase() : listed).split(',')) {
        const written = name.trim().split(/[ \t]/)[0].split(separator).filter((component) => component !== '');
        const components = parent === undefined ? written : [parent, ...written];
        if (written.length > 0 && !components.includes('..') && found.size < MOST_NAMES) {
          found.set(components.join('/'), { components, isWhole });
        }
      }
    }
  }
  return found;
}

/** True for a file in a virtual environment that hides the system's modules. */
function isIsolated(file: string, { root }: Context): boolean {
  for (let at = path.posix.dirname(file); at !== '/'; at = path.posix.dirname(at)) {
    const configuration = root.file(path.posix.join(at, 'pyvenv.cfg'));
    if (configuration === undefined) continue;
    return !/^include-system-site-packages *= *true/m.test(root.read(configuration).toString('utf8'));
  }
  return false;
}

/**
 * The packages of an imported module. If no module has the whole name, its last components are left out one by one until a module is found,
 * unless `isWhole`.
 */
function providersOf({ components, isWhole }: Imported, directories: readonly string[], context: Context): readonly Package[] {
  const { root, packages } = context;
  for (let count = components.length; count > (isWhole ? components.length - 1 : 0); count--) {
    const name = components[count - 1];
    const owners = new Set<Package>();
    for (const directory of directories) {
      const parent = root.real(path.posix.join(directory, ...components.slice(0, count - 1)));
      if (parent === undefined || !root.isDirectory(parent)) continue;
      for (const entry of root.names(parent)) {
        if (!entry.startsWith(name) || !MODULE.test(entry.slice(name.length))) continue;
        const module = path.posix.join(parent, entry);
        const ofModule = root.isDirectory(module) ? [...packages.ownersOf(module)] : ownersOf(module, context);
        if (ofModule.length <= MOST_OWNERS) for (const owner of ofModule) owners.add(owner);
      }
    }
    if (owners.size > 0) return [...owners].filter((owner) => !isForDevelopment(owner));
  }
  return [];
}

/** Cached, because every file of a script's project needs them. */
const directoriesFor = cacheByRoot<readonly string[]>();

/**
 * Directories to which packages install modules for an interpreter: those that `isForModules` recognizes, and directories below these. A
 * directory counts only if several packages share it, or if it belongs to a package from the interpreter's source package. The
 * directory `lib` of each gem always counts.
 */
function moduleDirectories({ interpreter }: Program, context: Context): readonly string[] {
  const { root, packages } = context;
  const { path: interpreterPath } = interpreter!.program;
  return directoriesFor(root, interpreterPath, () => {
    const interpreters = ownersOf(interpreterPath, context);
    const isOfModules = isForModules(interpreters, context);
    const isOwn = (directory: string) => interpreters.some(({ source }) => source === packages.ownerOf(directory)?.source);
    const multiarch = root.names(PARENTS[0]).map((name) => path.posix.join(PARENTS[0], name)).filter(isStandardDirectory);
    const directoriesIn = (parent: string) => (
      root.names(parent).map((name) => path.posix.join(parent, name)).filter((entry) => root.isDirectory(entry)));
    const found: string[] = [];
    let level = [...PARENTS, ...multiarch].flatMap(directoriesIn).filter((entry) => !isStandardDirectory(entry) && isOfModules(entry));
    for (let depth = 0; depth < MOST_LEVELS; depth++) {
      const shared = level.filter((directory) => !packages.isSole(directory) || isOwn(directory));
      found.push(...shared);
      level = shared.flatMap(directoriesIn);
    }
    const gems = found.filter((directory) => path.posix.basename(directory) === GEMS).flatMap(directoriesIn);
    return [...found, ...gems.map((gem) => path.posix.join(gem, 'lib')).filter((directory) => root.isDirectory(directory))];
  });
}
