/**
 * Modules of a self-built script: those of the environment that it was installed into, by the files that mark one, and those
 * that its interpreter resolves by the directories above it.
 */
import * as path from 'path';
import { addSelfBuilt } from './add-files';
import type { Context } from './context';
import { addNodePackages } from './node-packages';
import { isForLinking } from './non-runtime';
import { takeFile } from './processes';
import type { CurrentSelection, Pending, Selection } from './selection';
import { isSelfBuilt } from './self-built';
import type { Program } from '../closure/find';

/** A directory above a script that package managers install modules into. */
interface Environment {
  /** in words, such as `a virtual environment` */
  readonly name: string;
  /** entries that all such directories have */
  readonly marks: readonly string[];
  /** entries that belong to the scripts in it @default - everything */
  readonly belongs?: readonly string[];
  /** its other dependencies */
  readonly complete?: (directory: string, program: Program, delta: Selection, context: Context) => void;
}

/** The nearest one counts. */
const ENVIRONMENTS: readonly Environment[] = [
  { name: 'a virtual environment', marks: ['pyvenv.cfg'], belongs: ['lib', 'lib64', 'share'], complete: configureVirtualEnvironment },
  { name: 'a vendor directory of Composer', marks: ['autoload.php', 'composer'] },
  // GEM_HOME, and vendor/bundle/ruby/VERSION of Bundler
  { name: 'a gem directory', marks: ['gems', 'specifications'], belongs: ['gems', 'specifications', 'extensions'] },
  { name: 'a local::lib directory', marks: ['lib/perl5'], belongs: ['lib/perl5'] },
];

export function addScriptModules({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const program = context.requestedPrograms.get(file);
  if (program?.interpreter === undefined || !isSelfBuilt(file, context)) return delta;
  // a command may be a link into the directory of its package
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
    for (const entry of belongs.map((one) => path.posix.join(directory, one)).filter((one) => root.real(one) !== undefined)) {
      const added = addSelfBuilt(entry, directory, why, delta, context, (child) => !isForLinking(child));
      for (const real of added) takeFile(real, program.interpreter!.program.real, delta, context);
    }
    complete?.(directory, program, delta, context);
    return;
  }
}

/**
 * `home` of pyvenv.cfg is the directory of the interpreter, from which Python finds its standard library
 * (CPython Modules/getpath.py). `command` and the like are for people.
 */
function configureVirtualEnvironment(directory: string, { interpreter }: Program, delta: Selection, { root }: Context): void {
  const file = path.posix.join(directory, 'pyvenv.cfg');
  const home = path.posix.dirname(interpreter!.program.real);
  const lines = root.read(root.real(file)!).toString('utf8').split('\n');
  const kept = lines.filter((line) => /^\s*(?:include-system-site-packages|version|version_info)\s*=/.test(line));
  delta.generated.set(file, { textWith: (inLayer) => `${[`home = ${inLayer(home)}`, ...kept].join('\n')}\n` });
}
