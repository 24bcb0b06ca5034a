/**
 * Path mentions: what a packed file names by an absolute path is packed if it belongs to that file's package, to a related
 * one, or to an add-on (see belonging.ts), within a size budget.
 */
import * as path from 'path';
import { addFound } from './add-files';
import type { Grounds } from './belonging';
import { groundsToFollow, isOnlyRecommended } from './belonging';
import { addCommand, mayStart } from './commands';
import type { Context } from './context';
import { ownersOf } from './context';
import { isMachineSpecific } from './machine-specific';
import { isNonRuntime, isDocumentation, isForLinking } from './non-runtime';
import { behindPrefix } from './prefix';
import { takeFile } from './processes';
import type { CurrentSelection, Pending, Selection } from './selection';
import type { Limit } from './size-budget';
import { RECOMMENDED } from './size-budget';
import { FormatError } from '../elf';
import type { Package } from '../packages/package';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

/** Source packages of the C libraries. */
const LIBCS = ['glibc', 'musl'];

/** A file that mentions paths. */
export interface Mentioning extends Pending {
  readonly owner?: Package;
}

export function followPathMentions(pending: Pending, selection: CurrentSelection, context: Context): Selection {
  const delta = selection.fork();
  const { root, packages } = context;
  const file = pending.real;
  if (!isFollowed(file, selection, context)) return delta;
  const owner = packages.ownerOf(file);
  const by: Mentioning = { ...pending, owner };
  for (const mentioned of behindPrefix(file, owner, selection.requested, context)) follow(mentioned, by, delta, context);
  for (const mention of root.content(file).mentions) {
    for (const written of mention.kind === 'instruction' ? completions(mention.path, mention.code, context) : [mention.path]) {
      const mentioned = path.posix.normalize(written).replace(/(?<=.)\/$/, '');
      const key = `${owner?.name ?? file} ${mentioned}`;
      if (delta.followed.has(key)) continue;
      delta.followed.add(key);
      if (isMachineSpecific(mentioned)) noteHomeDirectory(mentioned, file, delta, context);
      else if (!isStandardDirectory(mentioned) && !isNonRuntime(`${mentioned}/`)) follow(mentioned, by, delta, context);
    }
  }
  return delta;
}

/** Follows a mention, and the siblings of the mentioned file: `/usr/share/misc/magic` also stands for `magic.mgc`. */
function follow(mentioned: string, by: Mentioning, delta: Selection, context: Context): void {
  for (const candidate of [mentioned, ...siblings(mentioned, context)]) {
    const real = context.root.real(candidate);
    if (real === undefined || isStandardDirectory(real)) continue;
    delta.merge(followOne(candidate, real, by, delta, context));
  }
}

function followOne(candidate: string, real: string, by: Mentioning, selection: CurrentSelection, context: Context): Selection {
  // a link in a command directory may lead anywhere, as /usr/bin/java does
  const isNamedAsCommand = [candidate, real].some((file) => isCommandDirectory(path.posix.dirname(file)));
  const isCommand = isNamedAsCommand && context.root.status(real)?.type === 'file';
  if (isCommand) return followCommand(candidate, real, by.real, selection, context);
  const grounds = groundsToFollow(candidate, real, by.owner, selection.requested, context);
  if (grounds) return addWithinBudget(candidate, real, by, grounds, selection, context);
  if (selection.files.has(real)) return selection.fork();
  return skipping(candidate, `mentioned in ${by.real}, whose package neither owns it nor depends on one that does`, selection);
}

/** A command that a file names by its path. */
function followCommand(candidate: string, real: string, file: string, selection: CurrentSelection, context: Context): Selection {
  if (selection.files.has(real)) return selection.fork();
  const may = mayStart(file, selection, context);
  const isNeeded = ownersOf(candidate, context).some((one) => selection.requested.has(one) || may?.(one));
  if (isNeeded) return addCommand(path.posix.basename(candidate), candidate, file, selection, context);
  const reason = `a command that ${file} names, but of a package that it does not need: add it to include or to the binaries`;
  return skipping(candidate, reason, selection);
}

/** Adds what is mentioned with the libraries of its plug-ins, unless that exceeds the size budget for it. */
export function addWithinBudget(
  candidate: string,
  real: string,
  by: Mentioning,
  grounds: Grounds,
  selection: CurrentSelection,
  context: Context,
): Selection {
  const { root, packages } = context;
  const delta = selection.fork();
  const whole = packages.isSole(real) ? packages.ownerOf(real) : undefined;
  const accept = (child: string) => {
    if (isNonRuntime(child) || isForLinking(child)) return undefined;
    const isOfWhole = whole !== undefined && packages.ownerOf(child) === whole;
    return groundsToFollow(child, child, by.owner, delta.requested, context) ?? (isOfWhole ? grounds : undefined);
  };
  if (grounds.addOn) delta.addOns.add(grounds.addOn);
  const why = { reason: `mentioned in ${path.posix.basename(by.real)}`, through: by.real, rule: grounds.rule };
  for (const added of addFound(candidate, why, delta, context, accept)) takeFile(added, by.program, delta, context);
  const limit = limitFor(real, by.owner, selection, context);
  if (limit === undefined) return delta;
  const bytes = { data: 0, plugIns: 0 };
  for (const file of delta.files.additions.keys()) bytes[isPlugIn(file, context) ? 'plugIns' : 'data'] += root.status(file)!.size;
  if (bytes.data <= limit.data && bytes.plugIns <= limit.plugIns) return delta;
  const megabytes = Math.round((bytes.data + bytes.plugIns) / 1e6);
  return skipping(candidate, `${why.reason}, but it would add ${megabytes} MB: name it in include if it is needed`, selection);
}

/** @returns `undefined` for no limit */
function limitFor(real: string, by: Package | undefined, { requested }: CurrentSelection, context: Context): Limit | undefined {
  const { packages, budget } = context;
  if (by === undefined || requested.has(by)) return isOnlyRecommended(real, requested, context) ? RECOMMENDED : undefined;
  return packages.builtFrom(by.source).some((one) => packages.lists(one, real)) ? budget.siblings : budget.others;
}

/** Objects that need no library, and that none needs, are data: Guile's compiled modules, for example. */
function isPlugIn(file: string, { root }: Context): boolean {
  const { elf } = root.content(file);
  if (elf === undefined || elf instanceof FormatError || !elf.dynamic) return false;
  return elf.dynamic.needed.length > 0 || elf.dynamic.soname !== undefined;
}

function skipping(candidate: string, reason: string, selection: CurrentSelection): Selection {
  const delta = selection.fork();
  delta.skip(candidate, reason);
  return delta;
}

/** A requested program in a home directory may have been installed there with its data, such as an interpreter with its modules. */
function noteHomeDirectory(mentioned: string, file: string, delta: Selection, { root, requestedPrograms }: Context): void {
  const prefix = path.posix.dirname(path.posix.dirname(file));
  if (!requestedPrograms.has(file) || !isMachineSpecific(prefix)) return;
  if (!`${mentioned}/`.startsWith(`${prefix}/`) || root.real(mentioned) === undefined) return;
  delta.notices.add([
    `${file} names paths below ${prefix}, such as ${mentioned}, and home directories are not searched for data:`,
    'name what it needs in include, or use a program that a package has installed',
  ].join(' '));
}

/** Whether mentions in a file count: licence texts are for people, and what the C libraries open is known (see opened-by-glibc.ts). */
export function isFollowed(file: string, { processes }: CurrentSelection, { packages }: Context): boolean {
  if (isDocumentation(file) || LIBCS.includes(packages.ownerOf(file)?.source ?? '')) return false;
  for (const { interpreter } of processes.values()) if (interpreter?.real === file) return false;
  return true;
}

/** The paths that begin with what an instruction holds, if the code nearby holds the rest. */
function completions(head: string, code: Buffer, { root }: Context): string[] {
  const parent = path.posix.dirname(head);
  const found = root.names(root.real(parent) ?? parent).map((name) => path.posix.join(parent, name));
  const isNear = (rest: string) => rest === '' || code.includes(rest);
  return found.filter((candidate) => candidate.startsWith(head) && isNear(candidate.slice(head.length, head.length + 4)));
}

function siblings(mentioned: string, { root }: Context): string[] {
  const parent = root.real(path.posix.dirname(mentioned));
  if (parent === undefined) return [];
  const prefix = `${path.posix.basename(mentioned)}.`;
  return root.names(parent).filter((name) => name.startsWith(prefix)).map((name) => path.posix.join(parent, name));
}
