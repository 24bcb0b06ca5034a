/**
 * Files that the user's trace commands opened, and directories that they listed.
 */
import { addFound } from './add-files';
import { takeFile } from './processes';
import { readShebang } from '../../closure/script';
import { sourceOfBytecode } from '../../root/python-bytecode';
import type { Opened } from '../../trace/log';
import { isMachineSpecific } from '../kinds/machine-specific';
import type { Context } from '../selection/context';
import type { CurrentSelection, Selection, Why } from '../selection/selection';

/** Directories into which software is installed. Files of users and of the running machine are mostly elsewhere. */
const INSTALLED = /^\/(?:usr|etc|var|opt)\//;

/** Programs are added first, so that the files they load are assigned to their processes. */
export function addTraced(selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const programs = new Set(context.traced.map(({ by }) => by));
  for (const opened of context.traced) if (programs.has(opened.path)) addOpened(opened, delta, context);
  for (const opened of context.traced) if (!programs.has(opened.path)) addOpened(opened, delta, context);
  for (const listed of context.listed) addListed(listed, delta, context);
  return delta;
}

/** Adds a listed directory, without which the program may fail. Directories of the user and of the machine are not added. */
function addListed(listed: string, delta: Selection, context: Context): void {
  const { root } = context;
  if (!INSTALLED.test(`${root.real(listed)}/`)) return;
  const nothingBelow = () => undefined;
  if (root.isDirectory(listed)) addFound(listed, { reason: 'listed in a trace command' }, delta, context, nothingBelow);
}

function addOpened({ path: file, by }: Opened, delta: Selection, context: Context): void {
  const { root } = context;
  const why: Why = { reason: 'opened in a trace command', through: by && root.real(by) };
  // skipped without a look at the file: machine-specific files change often, and the layer must not depend on them
  if (isMachineSpecific(file)) {
    delta.skip(file, `${why.reason}${by === undefined ? '' : ` by ${by}`}, but machine-specific: name it in include if it is needed`);
    return;
  }
  const started = startedBy(by, context);
  const [first] = delta.processes.keys();
  const program = started !== undefined && delta.processes.has(started) ? started : first;
  // Python opens only the bytecode of a module, but checks the time and size of the source, so the source is packed, too
  const files = [file, sourceOfBytecode(file)].filter((entry) => entry !== undefined && root.isFile(entry)) as string[];
  for (const real of files.flatMap((entry) => addFound(entry, why, delta, context))) {
    takeFile(real, program, delta, context);
    // no trace shows the interpreter of a script, because the kernel opens it
    const interpreter = root.content(real).kind === 'script' ? readShebang(root.content(real).head)?.interpreter : undefined;
    if (interpreter?.startsWith('/')) addOpened({ path: interpreter, by: real }, delta, context);
  }
}

/** The resolved path of the program that runs if a file is executed. */
function startedBy(file: string | undefined, { root }: Context): string | undefined {
  const real = file === undefined ? undefined : root.real(file);
  if (real === undefined || !root.isFile(real) || root.content(real).kind !== 'script') return real;
  const interpreter = readShebang(root.content(real).head)?.interpreter;
  return interpreter === undefined ? undefined : root.real(interpreter);
}
