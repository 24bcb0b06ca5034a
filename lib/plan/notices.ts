/**
 * Notices about files that are not packed because of their possible content, their permissions, or their packages.
 */
import * as path from 'path';
import type { Program } from '../closure/find';
import { interpreterOf, readShebang } from '../closure/script';
import { isShellScript } from '../collect/commands/command-words';
import { SUGGESTED } from '../collect/commands/optional-commands';
import { OF_CONFIGURATION } from '../collect/commands/recommended-by-configuration';
import { REPORTED } from '../collect/commands/reported-commands';
import { OF_DEPENDENCY } from '../collect/commands/unpacked-dependencies';
import { UNRELATED } from '../collect/commands/unrelated-commands';
import type { FinishedSelection } from '../collect/finish';
import { REFUSED } from '../collect/kinds/configuration';
import { SECRET } from '../collect/kinds/secrets';
import { UNRELATED_PLUG_INS } from '../collect/mentions/unrelated-plug-ins';
import { OF_MODULE } from '../collect/modules/recommended-by-modules';
import { SUGGESTED_MODULE } from '../collect/modules/suggested-modules';
import { NOT_WORLD_READABLE } from '../collect/programs/add-files';
import { type PackageDatabase, valueOf } from '../packages/package';
import type { Root } from '../root/root';

/** Maximum number of commands or modules that a notice lists. */
const MOST_LISTED = 16;

/** Maximum number of files that a notice names. If there are more, it states their number and names the first one. */
const MOST_NAMED = 3;

/** Names the files that are not packed because they are configuration of this machine, or may hold credentials. */
export function refusalNotices({ files, skipped }: FinishedSelection, globbed: ReadonlyMap<string, string>): string[] {
  const reasons = [...new Map([...globbed, ...skipped])].filter(([file]) => !files.has(file));
  const listedOf = (kind: string) => reasons.filter(([, reason]) => reason.startsWith(kind))
    .map(([file, reason]) => `${file} (${reason.slice(kind.length)})`).join(', ');
  const [configuration, secrets] = [listedOf(REFUSED), listedOf(SECRET)];
  return [
    ...(configuration !== '' ? [`configuration of this machine is not packed: ${configuration}; name a file in include to pack it`] : []),
    ...(secrets !== '' ? [`files that may hold credentials are skipped: ${secrets}; list a file individually in include to pack it`] : []),
  ];
}

/**
 * Names the files that are skipped because of their permissions. If there are many, the root may have been unpacked with umask 077, so the
 * notice suggests unpacking it again. Directories that packages make for files of the machine, such as `/etc/ssl/private` for keys, are not
 * named.
 */
export function unreadableNotice(skipped: ReadonlyMap<string, string>, root: Root, packages: PackageDatabase): string[] {
  const isNamed = (file: string) => !isForFilesOfMachine(root.real(file) ?? file, root, packages);
  const unreadable = [...skipped].filter(([file, reason]) => reason === NOT_WORLD_READABLE && isNamed(file)).map(([file]) => file);
  if (unreadable.length === 0) return [];
  if (unreadable.length <= MOST_NAMED) {
    const [are, them] = unreadable.length === 1 ? ['is', 'it'] : ['are', 'them'];
    return [`${unreadable.join(', ')} ${are} not world-readable and not packed; name ${them} in include if a program needs ${them}`];
  }
  const remedy = 'if the source was unpacked with another umask, unpack it again with umask 022; else name them in include';
  return [`${unreadable.length} files are not world-readable and not packed, such as ${unreadable[0]}: ${remedy}`];
}

/** True for a directory that packages own, but in which none of them has files. */
function isForFilesOfMachine(real: string, root: Root, packages: PackageDatabase): boolean {
  if (!root.isDirectory(real)) return false;
  const owners = [...packages.ownersOf(real)];
  return owners.length > 0 && !owners.some((owner) => packages.files(owner).some((file) => file.startsWith(`${real}/`)));
}

/** Names directories of plug-ins that an object mentions, but that are not packed because their packages are unrelated to its own. */
export function plugInNotices({ skipped }: FinishedSelection): string[] {
  return [...pathsBySubject(skipped, UNRELATED_PLUG_INS)].map(([file, directories]) => (
    `${file} may load plug-ins that are not packed, of packages that its own package does not depend on: ${listed(directories)}; ` +
      'list those that are needed in include'));
}

/** Names the modules that a script imports, but that are not packed because the script's package only suggests their packages. */
export function moduleNotices({ skipped }: FinishedSelection): string[] {
  return [...namesBySubject(skipped, SUGGESTED_MODULE)].map(([script, names]) => (
    `${script} may import modules that are not packed, of packages that its own package only suggests: ${listed(names)}; ` +
      'if the script needs one, list its files in include'));
}

/** The reason for skipping a command, up to the path of the program that may start the command → the reason in the notice. */
const UNPACKED: readonly (readonly [reason: string, why: string])[] = [
  [SUGGESTED, 'of packages that its own package only suggests'],
  [UNRELATED, 'of packages that its own package does not depend on'],
  [OF_DEPENDENCY, 'of packages that its own package depends on'],
  [REPORTED, 'that its error messages name'],
  [OF_CONFIGURATION, 'that its configuration names, of packages that its own package only recommends'],
  [OF_MODULE, 'of packages that the packages of its modules only recommend'],
];

/** Names the commands that a program may start, but that are not packed because the evidence for them is weak: see `UNPACKED`. */
export function commandNotices({ skipped }: FinishedSelection): string[] {
  return UNPACKED.flatMap(([reasonForSkipping, why]) => (
    [...namesBySubject(skipped, reasonForSkipping)].map(([program, names]) => (
      `${program} may start commands that are not packed, ${why}: ${listed(names)}; add those that are needed to the binaries`))));
}

/**
 * Names scripts, such as `git-svn`, that other packages add to a program as commands, if their interpreter is not packed. It is
 * not packed if only those packages need it. Shell scripts are not named, because Lambda has shells.
 */
export function addedCommandNotices(
  { files }: FinishedSelection,
  programs: Iterable<Program>,
  root: Root,
  packages: PackageDatabase,
): string[] {
  const names = new Set([...files.keys()].map((file) => path.posix.basename(file)));
  return [...programs].flatMap((program) => {
    const owner = packages.ownerOf(program.real);
    const isAdded = (file: string) => {
      if (!path.posix.basename(file).startsWith(`${path.posix.basename(program.path)}-`) || packages.ownerOf(file) === owner) return false;
      return (root.status(file)!.mode & 0o111) !== 0 && root.content(file).kind === 'script';
    };
    const unpacked = new Map<string, string[]>();
    for (const file of owner === undefined ? [] : [...files.keys()].filter(isAdded)) {
      const { head } = root.content(file);
      const shebang = readShebang(head);
      const name = shebang && interpreterOf(shebang)?.name;
      if (name === undefined || isShellScript(head) || names.has(path.posix.basename(root.real(name) ?? name))) continue;
      valueOf(unpacked, name, () => []).push(path.posix.basename(file));
    }
    return [...unpacked].map(([interpreter, commands]) => (
      `${program.path} has commands whose interpreter is not packed: ${listed(commands)}; ` +
        `add ${interpreter} to the binaries if one of them is needed`));
  });
}

/** The path at the end of a reason, such as the path of a program → names of the files that are skipped for this reason. */
function namesBySubject(skipped: ReadonlyMap<string, string>, reasonForSkipping: string): ReadonlyMap<string, readonly string[]> {
  const bySubject = pathsBySubject(skipped, reasonForSkipping);
  return new Map([...bySubject].map(([subject, paths]) => [subject, paths.map((file) => path.posix.basename(file))]));
}

/** The same with the paths of the files. */
function pathsBySubject(skipped: ReadonlyMap<string, string>, reasonForSkipping: string): ReadonlyMap<string, readonly string[]> {
  const bySubject = new Map<string, string[]>();
  for (const [skippedPath, reason] of skipped) {
    if (!reason.startsWith(reasonForSkipping)) continue;
    valueOf(bySubject, reason.slice(reasonForSkipping.length), () => []).push(skippedPath);
  }
  return bySubject;
}

function listed(names: readonly string[]): string {
  return `${names.slice(0, MOST_LISTED).join(', ')}${names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : ''}`;
}
