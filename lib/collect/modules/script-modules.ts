/**
 * Modules of a self-built script: those of its environment, such as a virtual environment, and the packages that Node.js finds in
 * `node_modules` directories above the script. An environment is recognized by certain files and directories in it.
 */
import * as path from 'path';
import { isObject, manifestAt } from './manifest';
import { addNodePackages } from './node-packages';
import type { Program } from '../../closure/find';
import { isForLinking } from '../kinds/non-runtime';
import { addSelfBuilt } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';
import { isSelfBuilt } from '../self-built/self-built';

/** Adds a file or directory of an environment, if it exists. */
type Add = (entry: string) => void;

/** The environment of a script. */
interface Found {
  readonly directory: string;
  readonly program: Program;
  readonly add: Add;
}

/** A directory above a script that package managers install modules into. */
interface Environment {
  /** in words, such as `a virtual environment` */
  readonly name: string;
  /** entries that all such directories have */
  readonly marks: readonly string[];
  /** entries that are packed for a script in the environment @default - all */
  readonly belongs?: readonly string[];
  /** adds the rest: a generated configuration, or directories that the environment's configuration lists */
  readonly complete?: (found: Found, delta: Selection, context: Context) => void;
}

/** Directories with installed gems. The last one has the gems that Bundler installs from version control. */
const GEMS = ['gems', 'specifications', 'extensions', 'bundler'];

/** Only the nearest environment above a script counts. */
const ENVIRONMENTS: readonly Environment[] = [
  { name: 'a virtual environment', marks: ['pyvenv.cfg'], belongs: ['lib', 'lib64', 'share'], complete: configureVirtualEnvironment },
  { name: 'a vendor directory of Composer', marks: ['autoload.php', 'composer'] },
  {
    name: 'a project of Composer',
    marks: ['composer.json', 'vendor/autoload.php'],
    belongs: ['vendor', 'composer.json', 'composer.lock'],
    complete: addAutoloaded,
  },
  // GEM_HOME, and vendor/bundle/ruby/VERSION of Bundler
  { name: 'a gem directory', marks: ['gems', 'specifications'], belongs: GEMS },
  { name: 'a project of Bundler', marks: ['Gemfile', '.bundle/config'], belongs: ['Gemfile', 'Gemfile.lock'], complete: addBundle },
  { name: 'a local::lib directory', marks: ['lib/perl5'], belongs: ['lib/perl5'] },
];

export function addScriptModules({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const program = context.requestedPrograms.get(file);
  if (program?.interpreter === undefined || !isSelfBuilt(file, context)) return undefined;
  const delta = selection.fork();
  // a command may be a link into the directory of its package: an environment may be above the link, above its target, or both
  for (const start of new Set([program.path, file])) addEnvironment(start, program, delta, context);
  addNodePackages(program, delta, context);
  return delta;
}

function addEnvironment(script: string, program: Program, delta: Selection, context: Context): void {
  const { root } = context;
  for (let at = path.posix.dirname(script); at !== '/'; at = path.posix.dirname(at)) {
    const directory = root.real(at)!;
    const environment = ENVIRONMENTS.find(({ marks }) => marks.every((mark) => root.real(path.posix.join(directory, mark)) !== undefined));
    if (environment === undefined) continue;
    const { name, belongs = [''], complete } = environment;
    const why = { reason: `modules of ${path.posix.basename(program.real)}`, through: program.real, rule: `in ${name}` };
    const add: Add = (entry) => {
      if (root.real(entry) === undefined) return;
      const added = addSelfBuilt(entry, directory, why, delta, context, (child) => !isForLinking(child));
      for (const real of added) takeFile(real, program.interpreter!.program.real, delta, context);
    };
    for (const entry of belongs) add(path.posix.join(directory, entry));
    complete?.({ directory, program, add }, delta, context);
    return;
  }
}

/**
 * Generates a pyvenv.cfg for the layer. Its `home` is the directory of the interpreter, from which Python finds its standard library
 * (CPython Modules/getpath.py). `command` and the like are dropped: they are only for people.
 */
function configureVirtualEnvironment({ directory, program }: Found, delta: Selection, { root }: Context): void {
  const file = path.posix.join(directory, 'pyvenv.cfg');
  const home = path.posix.dirname(program.interpreter!.program.real);
  const lines = root.read(root.real(file)!).toString('utf8').split('\n');
  const kept = lines.filter((line) => /^\s*(?:include-system-site-packages|version|version_info)\s*=/.test(line));
  delta.generated.set(file, { textWith: (inLayer) => `${[`home = ${inLayer(home)}`, ...kept].join('\n')}\n` });
}

/** Adds the project's own classes: the directories and files that `autoload` in `composer.json` lists. */
function addAutoloaded({ directory, add }: Found, _delta: Selection, { root }: Context): void {
  const { autoload } = manifestAt(path.posix.join(directory, 'composer.json'), root);
  for (const listed of isObject(autoload) ? Object.values(autoload) : []) {
    const entries = Array.isArray(listed) ? listed : isObject(listed) ? Object.values(listed).flat() : [];
    for (const entry of entries) {
      const at = typeof entry === 'string' ? path.posix.join(directory, entry) : directory;
      // an empty entry is the project's own directory. It is not added, because it also contains `.git` and the like
      if (at.startsWith(`${directory}/`) && at !== `${directory}/`) add(at);
    }
  }
}

/**
 * Adds the gems. `BUNDLE_PATH` in `.bundle/config` names their directory; by default, this is `vendor/bundle`. The `.bundle/config` in the
 * layer has only a few of the settings, because others may hold credentials.
 */
function addBundle({ directory, add }: Found, delta: Selection, { root }: Context): void {
  const file = path.posix.join(directory, '.bundle/config');
  const real = root.file(file);
  const lines = real === undefined ? [] : root.read(real).toString('utf8').split('\n');
  const kept = lines.filter((line) => /^(?:---|BUNDLE_(?:PATH|WITHOUT|WITH|DEPLOYMENT|FROZEN):)/.test(line)).join('\n');
  delta.generated.set(file, { text: `${kept}\n` });
  const [, written = 'vendor/bundle'] = /^BUNDLE_PATH: ["']?([^"'\n]+)/m.exec(kept) ?? [];
  const gems = path.posix.join(directory, written);
  if (!gems.startsWith(`${directory}/`)) return;
  const subdirectories = (at: string) => root.names(root.real(at) ?? at).map((name) => path.posix.join(at, name));
  // ruby/VERSION
  for (const version of subdirectories(gems).flatMap(subdirectories)) for (const entry of GEMS) add(path.posix.join(version, entry));
}
