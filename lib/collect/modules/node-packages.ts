/**
 * Packages of a self-built script, found as Node.js resolves them: the package that contains the script, if it is installed in a
 * `node_modules` directory, and its direct and indirect dependencies. Each dependency comes from the nearest `node_modules` directory above
 * the package that depends on it. If the script's package is not installed in this way, only its dependencies are added, and only if its
 * manifest lists the script as a command.
 *
 * https://nodejs.org/api/modules.html#loading-from-node_modules-folders: links are resolved first, so a package that pnpm installed
 * finds its dependencies beside itself in pnpm's store.
 */
import * as path from 'path';
import { isObject, manifestAt } from './manifest';
import type { Program } from '../../closure/find';
import { printableName } from '../../text/printable';
import { isForLinking } from '../kinds/non-runtime';
import { addSelfBuilt } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

const NODE_MODULES = 'node_modules';
const MANIFEST = 'package.json';

interface Manifest {
  readonly bin?: unknown;
  readonly dependencies?: unknown;
  readonly optionalDependencies?: unknown;
  readonly peerDependencies?: unknown;
}

export function addNodePackages(program: Program, delta: Selection, context: Context): void {
  const directory = packageOf(program.real, context);
  if (directory === undefined) return;
  const waiting: string[] = [];
  if (isInstalled(directory)) waiting.push(directory);
  else if (isCommandOf(program.real, directory, context)) waiting.push(...dependenciesOf(directory, program, delta, context));
  const seen = new Set<string>();
  for (let found; (found = waiting.pop()) !== undefined; ) {
    const real = context.root.real(found)!;
    addPackage(found, program, delta, context);
    if (seen.has(real)) continue;
    seen.add(real);
    waiting.push(...dependenciesOf(real, program, delta, context));
  }
}

/** The directory of the package that a file is in. Inside `node_modules`, a `dist/package.json` is not the manifest of the package. */
function packageOf(file: string, context: Context): string | undefined {
  for (let at = path.posix.dirname(file); at !== '/'; at = path.posix.dirname(at)) {
    const isTop = isInstalled(at);
    if (context.root.isFile(path.posix.join(at, MANIFEST)) && (isTop || !at.includes(`/${NODE_MODULES}/`))) return at;
    if (isTop) return undefined;
  }
  return undefined;
}

/** Whether a directory is `node_modules/NAME` or `node_modules/@SCOPE/NAME`. */
function isInstalled(directory: string): boolean {
  return /\/node_modules\/(?:@[^/]+\/)?[^/@][^/]*$/.test(directory);
}

/** True if a package declares that a file is one of its commands. */
function isCommandOf(file: string, directory: string, context: Context): boolean {
  const { bin } = manifestIn(directory, context);
  const commands = typeof bin === 'string' ? [bin] : Object.values(isObject(bin) ? bin : {});
  return commands.some((command) => typeof command === 'string' && context.root.real(path.posix.join(directory, command)) === file);
}

function addPackage(found: string, program: Program, delta: Selection, context: Context): void {
  const { root } = context;
  const real = root.real(found)!;
  const why = { reason: `modules of ${path.posix.basename(program.real)}`, through: program.real, rule: `found in ${NODE_MODULES}` };
  // Node.js looks for packages only in directories named `node_modules`, so this directory keeps its name in the layer
  delta.directories.add(root.real(found.slice(0, found.lastIndexOf(`/${NODE_MODULES}/`) + NODE_MODULES.length + 1))!);
  // packages in the package's own `node_modules` are added only if something depends on them
  const accept = (child: string) => !isForLinking(child) && path.posix.basename(child) !== NODE_MODULES;
  const opener = program.interpreter!.program.real;
  // the package's path may be a link to a package manager's store, or to a package of the same workspace
  for (const link of root.resolve(found).links) delta.links.set(link.path, link.target);
  for (const file of addSelfBuilt(real, real, why, delta, context, accept)) takeFile(file, opener, delta, context);
}

/** The directories of the packages that a package depends on. Some of the returned paths may be links. */
function dependenciesOf(directory: string, program: Program, delta: Selection, context: Context): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = manifestIn(directory, context);
  const found: string[] = [];
  const optional = new Set([...namesIn(optionalDependencies), ...namesIn(peerDependencies)]);
  for (const name of new Set([...namesIn(dependencies), ...optional])) {
    const at = resolve(name, directory, context);
    if (at !== undefined) {
      found.push(at);
    } else if (!optional.has(name)) {
      const problem = `which is not in any ${NODE_MODULES} above ${printableName(directory)}: install it`;
      delta.notices.add(`${printableName(program.real)} needs the package ${printableName(name)}, ${problem}`);
    }
  }
  return found;
}

function resolve(name: string, directory: string, { root }: Context): string | undefined {
  for (let at = directory; ; at = path.posix.dirname(at)) {
    if (path.posix.basename(at) !== NODE_MODULES) {
      const candidate = path.posix.join(at, NODE_MODULES, name);
      if (root.isDirectory(candidate)) return candidate;
    }
    if (at === '/') return undefined;
  }
}

/** Keys that are valid names of packages. Others, such as `../rig`, could lead out of `node_modules`. */
function namesIn(dependencies: unknown): string[] {
  return Object.keys(isObject(dependencies) ? dependencies : {}).filter((name) => /^(?:@[\w.~-]+\/)?\w[\w.~-]*$/.test(name));
}

function manifestIn(directory: string, { root }: Context): Manifest {
  return manifestAt(path.posix.join(directory, MANIFEST), root);
}
