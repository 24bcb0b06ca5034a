/**
 * Path mentions: a file that a packed file mentions is packed if it belongs to the mentioning file's package, to a related
 * one, or to an add-on (see belonging.ts). Optional files are deferred: see candidates.ts.
 */
import * as path from 'path';
import { classPath } from './class-path';
import { addDirectoryForProgram } from './for-programs';
import { pathsOf, siblings } from './mentioned-files';
import { namedAfterOthers, namedAfterPrograms, namesOfPrograms } from './named-after';
import { behindPrefix } from './prefix';
import { relativePaths } from './relative-paths';
import { behindStandardDirectories } from './standard-directories';
import { reasonForUnrelated } from './unrelated-plug-ins';
import type { Package } from '../../packages/package';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';
import { addCommand } from '../commands/commands';
import { isNeededCommand, registrarOf } from '../commands/named-by-path';
import { isMachineSpecific } from '../kinds/machine-specific';
import { isNonRuntime, isDocumentation, isForLinking, isForProgram } from '../kinds/non-runtime';
import { addFound } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Grounds } from '../relations/belonging';
import { groundsToFollow } from '../relations/belonging';
import { isOfSeveral, isOfSeveralAddOns, isOnlyRecommended } from '../relations/need';
import type { Context } from '../selection/context';
import type { Candidate, CurrentSelection, Pending, Selection, Why } from '../selection/selection';
import type { Limit, Need } from '../selection/size-budget';
import { BY_OTHERS, BY_SIBLINGS, isAsNecessary, NEEDS, RECOMMENDED } from '../selection/size-budget';
import { isSelfBuilt } from '../self-built/self-built';
import { followFromSelfBuilt, isOfSelfBuilt, runtimeMentions } from '../self-built/self-built-mentions';

/** Source packages of the C libraries. */
const LIBCS = ['glibc', 'musl'];

/** A file that mentions paths. */
export interface Mentioning extends Pending, Pick<Candidate, 'isWeak'> {
  readonly owner?: Package;
}

export function followPathMentions(pending: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages } = context;
  const file = pending.real;
  if (!isFollowed(file, selection, context)) return undefined;
  const delta = selection.fork();
  const owner = packages.ownerOf(file);
  const by: Mentioning = { ...pending, owner };
  const mentioning = owner === undefined || registrarOf(file, selection.requested, context) ? file : owner.name;
  for (const mentioned of behindPrefix(file, owner, delta.requested, context)) follow(mentioned, by, delta, context);
  for (const unit of behindStandardDirectories(by, delta.requested, context)) follow(unit, { ...by, isWeak: true }, delta, context);
  for (const archive of classPath(file, root)) follow(path.posix.resolve(path.posix.dirname(file), archive), by, delta, context);
  const relative = relativePaths(pending, selection, context);
  for (const mentioned of relative.mentioned) follow(mentioned, by, delta, context);
  for (const real of relative.directories) delta.directories.add(real);
  for (const real of relative.belowInclude) delta.merge(followOne(real, real, by, delta, context));
  for (const mention of isSelfBuilt(file, context) ? runtimeMentions(file, context) : root.content(file).mentions) {
    for (const written of pathsOf(mention, context)) {
      const mentioned = path.posix.normalize(written).replace(/(?<=.)\/$/, '');
      const key = `${mentioning} ${mentioned}`;
      if (delta.followed.has(key)) continue;
      delta.followed.add(key);
      if (isMachineSpecific(mentioned)) noteHomeDirectory(mentioned, file, delta, context);
      else if (isForProgram(`${mentioned}/`)) addDirectoryForProgram(mentioned, by, delta, context);
      else if (!isStandardDirectory(mentioned) && !isNonRuntime(`${mentioned}/`)) follow(mentioned, by, delta, context);
    }
  }
  return delta;
}

/** Follows a mention, and the siblings of the mentioned file: `/usr/share/misc/magic` also refers to `magic.mgc`. */
function follow(mentioned: string, by: Mentioning, delta: Selection, context: Context): void {
  for (const candidate of [mentioned, ...siblings(mentioned, context)]) {
    const real = context.root.real(candidate);
    if (real === undefined || isStandardDirectory(real)) continue;
    delta.merge(followOne(candidate, real, by, delta, context));
  }
}

function followOne(candidate: string, real: string, by: Mentioning, selection: CurrentSelection, context: Context): Selection {
  if (isSelfBuilt(by.real, context) && isOfSelfBuilt(candidate, real, context)) {
    return followFromSelfBuilt(candidate, real, by, selection, context);
  }
  // a link in a command directory may lead anywhere, as /usr/bin/java does
  const isNamedAsCommand = [candidate, real].some((file) => isCommandDirectory(path.posix.dirname(file)));
  const isCommand = isNamedAsCommand && context.root.status(real)?.type === 'file';
  if (isCommand) return followCommand(candidate, real, by.real, selection, context);
  const grounds = groundsToFollow(candidate, real, by.owner, selection.requested, context);
  if (grounds) return addOrDefer(candidate, real, by, grounds, selection, context);
  if (selection.files.has(real)) return selection.fork();
  return skipping(candidate, reasonForUnrelated(real, by, selection.requested, context), selection);
}

/** A command that a file names by its path. */
function followCommand(candidate: string, real: string, file: string, selection: CurrentSelection, context: Context): Selection {
  if (selection.files.has(real)) return selection.fork();
  const isNeeded = isNeededCommand(candidate, file, selection, context);
  if (isNeeded) return addCommand(path.posix.basename(candidate), candidate, file, selection, context);
  const reason = `a command that ${file} names, but of a package that it does not need: add it to include or to the binaries`;
  return skipping(candidate, reason, selection);
}

/** Adds a mentioned path if programs need it, or defers it. */
export function addOrDefer(
  candidate: string,
  real: string,
  by: Mentioning,
  grounds: Grounds,
  selection: CurrentSelection,
  context: Context,
): Selection {
  const delta = selection.fork();
  // computed on demand: most mentions lead to no file that has the name of a command
  let known: ReadonlySet<string> | undefined;
  const names = () => (known ??= namesOfPrograms(selection, context));
  const mention: Mention = {
    real,
    by,
    whole: context.packages.isSole(real) ? context.packages.ownerOf(real) : undefined,
    isOfOthers: namedAfterOthers(real, names, context),
  };
  const stated = isForEachPackage(real, grounds, by, selection, context) ? 'needed' : needOf(grounds, by, selection);
  const need = stated === 'needed' && isPlugInOfAnother(real, grounds, selection, context) ? 'mentioned' : stated;
  if (need !== 'needed') {
    if (delta.requested.isTight) {
      for (const file of namedAfterPrograms(real, names(), context)) {
        for (const added of addFound(file, whyOf(by, grounds), delta, context)) takeFile(added, by.program, delta, context);
      }
    }
    deferTo(need, candidate, mention, grounds, delta, context);
    return delta;
  }
  for (const added of addMentioned(need, candidate, mention, grounds, delta, context)) takeFile(added, by.program, delta, context);
  return delta;
}

/** True for an ELF file from outside the requested source packages, such as a large graphics driver. Programs may start without it. */
function isPlugInOfAnother(real: string, { owner }: Grounds, { requested }: CurrentSelection, { root }: Context): boolean {
  return owner !== undefined && !requested.isSibling(owner) && root.status(real)!.type === 'file' && root.content(real).kind === 'elf';
}

/** A path that a file mentions. */
interface Mention {
  readonly real: string;
  readonly by: Mentioning;
  /** the owner of the path if no other package lists the path: all files of this owner below the path may be packed */
  readonly whole?: Package;
  /** whether a file below the path is for programs that are not requested */
  readonly isOfOthers: (file: string) => boolean;
}

/** Adds a mentioned path, but does not call `takeFile`. Defers files below the path that are needed less than the path itself. */
function addMentioned(need: Need, at: string, mention: Mention, grounds: Grounds, delta: Selection, context: Context): string[] {
  const { by, whole } = mention;
  const accept = (child: string) => {
    if (isNonRuntime(child) || isForLinking(child)) return undefined;
    if (child !== at && mention.isOfOthers(child)) {
      deferOfOthers(child, mention, grounds, delta, context);
      return undefined;
    }
    const isOfWhole = whole !== undefined && context.packages.ownerOf(child) === whole;
    const found = groundsToFollow(child, child, by.owner, delta.requested, context, true) ?? (isOfWhole ? grounds : undefined);
    if (found === undefined || isForEachPackage(child, found, by, delta, context)) return found;
    const needOfChild = needOf(found, by, delta);
    if (isAsNecessary(needOfChild, found.owner, need, grounds.owner)) return found;
    deferTo(needOfChild as Candidate['need'], child, mention, found, delta, context);
    return undefined;
  };
  return addFound(at, whyOf(by, grounds), delta, context, accept);
}

/**
 * Whether the files in a directory of several packages are judged one by one, by their packages. This is so if none of the packages is
 * needed, or if a requested package mentions the directory.
 */
function isForEachPackage(
  real: string,
  grounds: Grounds,
  { owner }: Mentioning,
  { requested }: CurrentSelection,
  context: Context,
): boolean {
  if (isOfSeveralAddOns(real, grounds, context)) return true;
  return owner !== undefined && requested.has(owner) && isOfSeveral(real, context);
}

function deferTo(need: Candidate['need'], at: string, mention: Mention, grounds: Grounds, delta: Selection, context: Context): void {
  const { real, by } = mention;
  const limit = limitFor(real, by.owner, delta, context);
  const owner = need === 'add-on' || isForEachPackage(real, grounds, by, delta, context) ? grounds.owner?.name : undefined;
  delta.defer({
    path: at,
    need,
    group: limit === undefined && owner !== undefined ? owner : [real, owner ?? by.owner?.name].join(' of '),
    limit,
    isWeak: by.isWeak,
    why: whyOf(by, grounds),
    program: by.program,
    add: (fork) => addMentioned(need, at, mention, grounds, fork, context),
  });
}

/** Defers a file for a program that is not requested. It is tried after everything else. */
function deferOfOthers(file: string, { by }: Mention, grounds: Grounds, delta: Selection, context: Context): void {
  const why = whyOf(by, grounds);
  const add = (fork: Selection) => addFound(file, why, fork, context);
  delta.defer({ path: file, need: 'add-on', group: file, isOfOthers: true, why, program: by.program, add });
}

function whyOf(by: Mentioning, { rule }: Grounds): Why {
  return { reason: `mentioned in ${path.posix.basename(by.real)}`, through: by.real, rule };
}

/** How much a mentioned path is needed. It is not `needed` if no package owns the mentioning file: such a file states no dependencies. */
function needOf({ need }: Grounds, { owner }: Mentioning, { requested }: CurrentSelection): Need {
  if (owner === undefined) return 'mentioned';
  const least = !requested.has(owner) ? 'mentioned' : requested.reasonFor(owner) === 'recommended' ? 'recommended' : 'needed';
  return NEEDS.indexOf(need) < NEEDS.indexOf(least) ? least : need;
}

/** @returns `undefined` for no limit */
function limitFor(real: string, by: Package | undefined, { requested }: CurrentSelection, context: Context): Limit | undefined {
  const { packages } = context;
  if (by === undefined || requested.has(by)) return isOnlyRecommended(real, requested, context) ? RECOMMENDED : undefined;
  return packages.builtFrom(by.source).some((one) => packages.lists(one, real)) ? BY_SIBLINGS : BY_OTHERS;
}

function skipping(candidate: string, reason: string, selection: CurrentSelection): Selection {
  const delta = selection.fork();
  delta.skip(candidate, reason);
  return delta;
}

/** Adds a notice: a requested program in a home directory may have its data there, such as an interpreter with its modules. */
function noteHomeDirectory(mentioned: string, file: string, delta: Selection, { root, requestedPrograms }: Context): void {
  const prefix = path.posix.dirname(path.posix.dirname(file));
  if (!requestedPrograms.has(file) || !isMachineSpecific(prefix)) return;
  if (!`${mentioned}/`.startsWith(`${prefix}/`) || root.real(mentioned) === undefined) return;
  if ([...delta.directories.keys()].some((directory) => directory.startsWith(`${prefix}/`))) return; // data below the prefix is packed
  delta.notices.add([
    `${file} names paths below ${prefix}, such as ${mentioned}, and home directories are not searched for data:`,
    'name what it needs in include, or use a program that a package has installed',
  ].join(' '));
}

/** True if mentions in a file count. Documentation is for people, and the C libraries have rules of their own (opened-by-glibc.ts). */
export function isFollowed(file: string, { processes }: CurrentSelection, { packages }: Context): boolean {
  if (isDocumentation(file) || LIBCS.includes(packages.ownerOf(file)?.source ?? '')) return false;
  for (const { interpreter } of processes.values()) if (interpreter?.real === file) return false;
  return true;
}
