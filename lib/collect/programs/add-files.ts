/**
 * Adding files to a selection by their paths, with the links that lead to them.
 */
import type { Root } from '../../root/root';
import { printableName } from '../../text/printable';
import { isMachineSpecific } from '../kinds/machine-specific';
import { secretIn } from '../kinds/secrets';
import type { Grounds } from '../relations/belonging';
import type { Context } from '../selection/context';
import type { Selection, Why } from '../selection/selection';
import { SelectionError } from '../selection/selection';

const EXCLUDED = 'excluded';
const MACHINE_SPECIFIC = 'machine-specific';
export const NOT_WORLD_READABLE = 'not world-readable';

/** Why a path below a directory may be packed, `undefined` if it may not. */
export type Accept = (real: string) => Pick<Grounds, 'rule'> | undefined;

/**
 * Adds a file whatever its permissions: a library that a program needs, a file that the user names.
 *
 * @returns its resolved path
 */
export function addFile(file: string, why: Why, delta: Selection, root: Root): string {
  const { real, links } = root.resolve(file);
  for (const link of links) delta.links.set(link.path, link.target);
  if (!delta.files.has(real!)) delta.files.set(real!, why);
  return real!;
}

/**
 * Adds a file that a rule found, or a directory with everything below it. Skips files that are excluded, machine-specific, or not
 * world-readable, and configuration of the machine: see configuration.ts.
 *
 * @param accept why a path below the directory may be packed @default - every path may be packed
 * @returns resolved paths of the files that are new
 */
export function addFound(found: string, why: Why, delta: Selection, context: Context, accept?: Accept): string[] {
  const refusal = (real: string) =>
    isMachineSpecific(real) ? MACHINE_SPECIFIC : (refusalOf(real, delta, context) ?? context.configuration.refusal(real));
  return add(found, why, delta, context, refusal, accept);
}

/**
 * Adds files of a self-built program: a file, or a directory with everything below it. Skips files that are excluded, are not
 * world-readable, or may hold credentials. Below `base`, the rules for machine-specific files and for configuration do not apply.
 *
 * @param base the directory of the program's files, which may be in a home directory
 * @param accept whether a path below the directory is packed @default - everything is
 * @returns resolved paths of the files that are new
 */
export function addSelfBuilt(
  found: string,
  base: string,
  why: Why,
  delta: Selection,
  context: Context,
  accept?: (real: string) => boolean,
): string[] {
  const { root, configuration } = context;
  const refusal = (real: string) => {
    const isInside = real === base || real.startsWith(`${base}/`);
    const refused = refusalOf(real, delta, context, isInside ? base : undefined) ?? secretIn(root, real);
    return refused ?? (isInside ? undefined : isMachineSpecific(real) ? MACHINE_SPECIFIC : configuration.refusal(real));
  };
  return add(found, why, delta, context, refusal, accept && ((real) => (accept(real) ? { rule: why.rule! } : undefined)));
}

/**
 * Adds a path that the user lists: a file with any permissions, or all world-readable files of a directory except secrets.
 *
 * @returns resolved paths of the files that are new
 * @throws SelectionError if nothing of a directory can be packed
 */
export function addIncluded(included: string, why: Why, delta: Selection, context: Context): string[] {
  const { root } = context;
  const real = root.real(included)!;
  if (root.status(real)!.type === 'file') return delta.files.has(real) ? [] : [addFile(included, why, delta, root)];
  const refused: string[] = [];
  const added = add(included, why, delta, context, (child) => {
    const refusal = refusalOf(child, delta, context, real) ?? (child === real ? undefined : secretIn(root, child));
    if (refusal !== undefined && refusal !== EXCLUDED) refused.push(`${printableName(child)}: ${refusal}`);
    return refusal;
  });
  if (added.length > 0 || refused.length === 0) return added;
  throw new SelectionError([
    `include '${included}': nothing in it can be packed`,
    ...refused.slice(0, 5),
    'include a file by its own path to pack it all the same',
  ].join('\n  '));
}

function add(
  start: string,
  why: Why,
  delta: Selection,
  { root }: Context,
  refusal: (real: string) => string | undefined,
  accept?: Accept,
): string[] {
  const added: string[] = [];
  const entered = new Set<string>();
  /** directories whose entries are being added. A stack, because links from directory to directory could make a recursion too deep */
  const open: { readonly directory: string; readonly names: readonly string[]; next: number }[] = [];
  const enter = (at: string, grounds?: Pick<Grounds, 'rule'>): void => {
    const { real, links } = root.resolve(at);
    if (real === undefined) return;
    const refused = refusal(real);
    if (refused !== undefined) {
      delta.skip(at, refused);
      return;
    }
    for (const link of links) delta.links.set(link.path, link.target);
    if (root.status(real)!.type === 'file') {
      if (delta.files.has(real)) return;
      delta.files.set(real, grounds ? { ...why, rule: grounds.rule } : why);
      added.push(real);
      return;
    }
    if (entered.has(real)) return;
    entered.add(real);
    delta.directories.add(real);
    open.push({ directory: real, names: root.names(real), next: 0 });
  };
  enter(start);
  for (let at = open.at(-1); at; at = open.at(-1)) {
    if (at.next === at.names.length) {
      open.pop();
      continue;
    }
    // `path.join` would look for `..` in each of thousands of paths, which is slow and not needed: the directory is resolved already
    const child = `${at.directory === '/' ? '' : at.directory}/${at.names[at.next++]}`;
    const target = root.real(child);
    if (target === undefined) {
      delta.skip(child, 'a link that leads nowhere inside the source');
      continue;
    }
    const isDirectoryElsewhere = target !== child && root.status(target)!.type === 'directory';
    const found = accept?.(child);
    if (!accept || (found && (!isDirectoryElsewhere || accept(target)))) enter(child, found);
  }
  return added;
}

/** @param base a directory whose permissions, and those of the directories above it, do not matter, such as one that the user names */
function refusalOf(real: string, delta: Selection, { root, isExcluded }: Context, base?: string): string | undefined {
  if (isExcluded(real)) {
    delta.excluded.add(real);
    return EXCLUDED;
  }
  if (root.status(real)?.type === 'other') return 'neither a file nor a directory';
  if (!root.isPublic(real, base)) return NOT_WORLD_READABLE;
  return undefined;
}
