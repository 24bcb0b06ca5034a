/**
 * Commands that a requested program names, if the program's package only recommends or suggests their packages: `ssh` in git and rsync.
 */
import type { Package } from '../../packages/package';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';
import { recommendedBy, type RequestedPackages } from '../selection/requested-packages';
import type { CurrentSelection } from '../selection/selection';
import { RECOMMENDED } from '../selection/size-budget';

/** Minimum number of characters of a word. Shorter words in a program are rarely commands. */
const FEWEST_CHARACTERS = 3;

/** Start of the reason for skipping a command of a package that is only suggested. The path of the program follows. */
export const SUGGESTED = 'its package is only suggested by that of ';

interface OptionalCommands {
  /** names and paths of the commands whose packages are small: they are packed if the layer has room */
  readonly small: readonly (readonly [name: string, commandPath: string])[];
  /** paths of other commands, whose packages are only suggested */
  readonly suggested: readonly string[];
}

/**
 * Finds the optional commands of a requested program. Those of a script are never in `small`: a word in a script is weaker evidence than
 * one in a binary, and the optional commands of scripts often belong to large systems, such as TeX.
 *
 * @param file the resolved path of the requested program, or of a command as described at `isOwnCommand`
 * @param endings see `StartedWords`
 */
export function optionalCommands(
  file: string,
  words: ReadonlySet<string>,
  endings: ReadonlySet<string>,
  { requested }: CurrentSelection,
  context: Context,
): OptionalCommands {
  const { packages, commandsOnPath, dependencies, root } = context;
  const owner = packages.ownerOf(file);
  const recommended = owner === undefined ? [] : recommendedBy(owner, packages);
  const suggested = (owner?.suggests ?? []).flatMap((name) => packages.get(name) ?? []);
  if (recommended.length === 0 && suggested.length === 0) return { small: [], suggested: [] };
  const isOptional = (pkg: Package) => !pkg.isEssential && !requested.needs(pkg);
  const isSuggested = (pkg: Package) => (
    isOptional(pkg) && !requested.reachable().has(pkg) && suggested.some((start) => dependencies.of(start).has(pkg)));
  const isProgramFile = root.content(file).kind === 'elf';
  const found = { small: [] as [string, string][], suggested: [] as string[] };
  for (const word of new Set([...words, ...isProgramFile ? endings : []])) {
    if (word.length < FEWEST_CHARACTERS) continue;
    const commandPath = commandsOnPath.get(word);
    if (commandPath === undefined || !root.isFile(commandPath)) continue;
    const owners = ownersOf(commandPath, context).filter(isOptional);
    const isDirect = (pkg: Package) => recommended.includes(pkg) || (words.has(word) && suggested.includes(pkg));
    if (isProgramFile && owners.some((pkg) => isDirect(pkg) && isSmall(pkg, requested, context))) found.small.push([word, commandPath]);
    else if (words.has(word) && owners.some(isSuggested)) found.suggested.push(commandPath);
  }
  return found;
}

/** Whether a package is small, together with the dependencies that only it needs, such as the modules of an interpreter. */
function isSmall(owner: Package, requested: RequestedPackages, { root, dependencies, packageFiles }: Context): boolean {
  let left = RECOMMENDED.data;
  for (const one of dependencies.of(owner)) {
    if (one.isEssential || requested.reachable().has(one)) continue;
    for (const real of packageFiles.data(one)) left -= root.status(real)?.size ?? 0;
    if (left < 0) return false;
  }
  return true;
}

/**
 * Whether a file is a command that a requested script of the same package starts. If so, the optional commands of the file count like those
 * of a requested program: the script may do nothing but start it, as in `exec rig --pdf "$@"`.
 */
export function isOwnCommand(file: string, { commands, files }: CurrentSelection, { packages, requestedPrograms }: Context): boolean {
  const through = files.get(file)?.through;
  if (through === undefined || requestedPrograms.get(through)?.interpreter === undefined) return false;
  const owner = packages.ownerOf(file);
  return owner !== undefined && owner === packages.ownerOf(through) && [...commands.values()].some(({ real }) => real === file);
}
