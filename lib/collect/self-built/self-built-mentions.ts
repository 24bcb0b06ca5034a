/**
 * Path mentions of self-built programs: `make install` bakes the prefix into a program that no package owns. Mentioned files that no
 * package owns are packed. In a mentioned directory, files of packages are packed only if they belong to the program: see `groundsFor`.
 */
import * as path from 'path';
import { excessOf, isUnderVersionControl } from './self-built';
import { PT_LOAD } from '../../elf';
import type { Package } from '../../packages/package';
import type { PathMention } from '../../root/mentions';
import { isCommandDirectory } from '../../root/standard';
import { addCommand } from '../commands/commands';
import { isForLinking, isNonRuntime } from '../kinds/non-runtime';
import { secretIn } from '../kinds/secrets';
import { addFound } from '../programs/add-files';
import { takeFile } from '../programs/processes';
import type { Grounds } from '../relations/belonging';
import type { Context } from '../selection/context';
import { isRelated } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Compilers record the paths of source files, for messages and debuggers. */
const SOURCE_CODE = /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|inl|go|rs|s|S|f|f90|d|zig|nim|swift|mm|hs|ml|pas|ad[bs]|cr)$/;

/** Offsets in the header of an ELF file: of e_shoff, e_shentsize and e_shnum. */
const SECTION_HEADERS = { offset: 0x28, size: 0x3a, count: 0x3c };

/**
 * The path mentions of a self-built file, except for paths that it does not open: paths in debug information, and paths of source files and
 * of the directories above them.
 */
export function runtimeMentions(file: string, { root }: Context): readonly PathMention[] {
  const { elf, head, mentions } = root.content(file);
  if (elf === undefined) return mentions;
  const loaded = elf.segments.filter(({ type }) => type === PT_LOAD);
  // mentions after the section headers count, too: a program may carry data of its own there
  const { offset, size, count } = SECTION_HEADERS;
  const end = Number(head.readBigUInt64LE(offset)) + head.readUInt16LE(size) * head.readUInt16LE(count);
  const isLoaded = (at: number) => loaded.some((segment) => at >= segment.offset && at < segment.offset + segment.filesz);
  const read = mentions.filter((mention) => mention.offset >= end || isLoaded(mention.offset));
  const ofSources = new Set<string>();
  for (const { path: mentioned } of mentions) {
    if (!SOURCE_CODE.test(mentioned)) continue;
    for (let at = mentioned; at.length > 1 && !ofSources.has(at); at = path.posix.dirname(at)) ofSources.add(at);
  }
  return read.filter((mention) => !ofSources.has(mention.path.replace(/(?<=.)\/$/, '')));
}

/** Whether this rule decides about a path that a self-built file mentions. It does not decide about commands of packages. */
export function isOfSelfBuilt(candidate: string, real: string, context: Context): boolean {
  return !isCommand(candidate, real, context) || ownerOf(candidate, context) === undefined;
}

/** Adds the files that a self-built file mentions, within the size budget, or states why they are skipped. */
export function followFromSelfBuilt(
  candidate: string,
  real: string,
  by: Pending,
  selection: CurrentSelection,
  context: Context,
): Selection {
  if (selection.files.has(real)) return selection.fork();
  const owner = ownerOf(candidate, context);
  if (owner === undefined) {
    if (isCommand(candidate, real, context)) return addCommand(path.posix.basename(candidate), candidate, by.real, selection, context);
    const secret = secretIn(context.root, real);
    if (secret !== undefined) return skipping(candidate, secret, by, selection, context);
    if (isUnderVersionControl(real, context)) {
      return skipping(candidate, 'it is in a directory under version control', by, selection, context);
    }
  }
  const { root } = context;
  const delta = selection.fork();
  const refused = new Set<string>();
  const grounds = groundsFor(real, owner, by, delta, context, refused);
  const rule = owner === undefined ? 'owned by no package' : `of package ${owner.name}`;
  const why = { reason: `mentioned in ${path.posix.basename(by.real)}`, through: by.real, rule };
  for (const added of addFound(candidate, why, delta, context, grounds)) takeFile(added, by.program, delta, context);
  const excess = excessOf(delta, selection, context);
  if (excess !== undefined) return skipping(candidate, `it would add ${Math.round(excess / 1e6)} MB`, by, selection, context);
  if (refused.size > 0 && root.isDirectory(real) && context.requestedPrograms.has(by.real)) {
    const packages = `${[...refused].slice(0, 3).join(', ')}${refused.size > 3 ? ` and ${refused.size - 3} more` : ''}`;
    delta.notices.add(`${by.real} names ${candidate}: files of packages there are not packed (${packages}); name what it needs in include`);
  }
  return delta;
}

/**
 * Why a path below a mentioned directory may be packed. Any number of packages may share the directory, so a file in it belongs to the
 * program only if no package owns the file, or if its package is essential, is the only owner of the directory, or is related to the
 * package of one of the program's libraries.
 */
function groundsFor(
  directory: string,
  owner: Package | undefined,
  by: Pending,
  { processes }: CurrentSelection,
  { root, packages }: Context,
  refused: Set<string>,
): (child: string) => Grounds | undefined {
  const whole = owner !== undefined && packages.isSole(directory) ? owner : undefined;
  const objects = (by.program === undefined ? undefined : processes.get(by.program)?.objects) ?? [];
  const users = new Set(objects.map((object) => packages.ownerOf(object.real)).filter((one) => one !== undefined));
  return (child) => {
    if (isNonRuntime(child) || isForLinking(child) || secretIn(root, child) !== undefined) return undefined;
    const other = packages.ownerOf(child) ?? packages.ownerOf(root.real(child)!);
    if (other === undefined) return { rule: 'owned by no package', need: 'needed' };
    // a link to a file of a package, made by an installation
    const isLinked = packages.ownerOf(child) === undefined && root.isFile(child);
    const belongs = isLinked || other === whole || other.isEssential || [...users].some((user) => isRelated(user, other));
    if (belongs) return { rule: `of package ${other.name}`, need: 'needed' };
    refused.add(other.name);
    return undefined;
  };
}

function isCommand(candidate: string, real: string, { root }: Context): boolean {
  return [candidate, real].some((file) => isCommandDirectory(path.posix.dirname(file))) && root.status(real)?.type === 'file';
}

function ownerOf(candidate: string, { root, packages }: Context): Package | undefined {
  return packages.ownerOf(candidate) ?? packages.ownerOf(root.real(candidate)!);
}

function skipping(candidate: string, reason: string, by: Pending, selection: CurrentSelection, { requestedPrograms }: Context): Selection {
  const delta = selection.fork();
  delta.skip(candidate, `mentioned in ${by.real}, but ${reason}`);
  if (!requestedPrograms.has(by.real)) return delta;
  delta.notices.add(`${by.real} names ${candidate}, which is not packed: ${reason}; name what it needs in include`);
  return delta;
}
