/**
 * Self-built programs and their files: no package owns these programs, so no package database lists their files. Instead, the files are
 * found by paths, by strings in the programs, and by the layout of directories, within a size budget.
 */
import type { Context } from '../selection/context';
import type { CurrentSelection, Selection } from '../selection/selection';

/** Maximum size that one path mention or directory entry of a self-built program may add, in MB. */
export const MOST_MEGABYTES = 64;

/** Directories in which the installation of packages generates files. No package owns such files, but they are not self-built. */
const GENERATED = /^\/(?:usr(?!\/local\/)|etc|var)\//;

/** Whether a file is a requested program that no package owns, or another file that no package owns and no installation generated. */
export function isSelfBuilt(real: string, { packages, requestedPrograms }: Pick<Context, 'packages' | 'requestedPrograms'>): boolean {
  return packages.ownerOf(real) === undefined && (requestedPrograms.has(real) || !GENERATED.test(real));
}

/**
 * The size of a delta that is too large: above the limit of one addition or, together with the selection, above that of a layer.
 *
 * @param most maximum number of bytes that the delta may add
 * @returns the bytes that it adds; `undefined` if they fit
 */
export function excessOf(
  delta: Selection,
  selection: CurrentSelection,
  { root, mostBytes }: Context,
  most = MOST_MEGABYTES * 1024 * 1024,
): number | undefined {
  const sum = (files: Iterable<string>) => [...files].reduce((bytes, real) => bytes + root.status(real)!.size, 0);
  const added = sum(delta.files.additions.keys());
  if (added === 0) return undefined;
  return added > most || added + sum(selection.files.keys()) > mostBytes ? added : undefined;
}

/** Home directories, directories that contain home directories, and other top-level directories with unrelated content. */
const HOME = /^\/(?:root|home(?:\/[^/]*)?|Users(?:\/[^/]*)?|tmp|mnt|media|boot|dev|proc|run|sys)?$/;

export function isHome(directory: string): boolean {
  return HOME.test(directory);
}

/** Files and directories at the top of a source tree. A build output has none of them. */
const SOURCE_TREE = [
  '.git', '.hg', '.svn', 'package.json', 'Cargo.toml', 'go.mod', 'pyproject.toml', 'setup.py', 'pom.xml', 'build.gradle', 'CMakeLists.txt',
  'meson.build', 'configure.ac', 'Gemfile', 'composer.json', 'cdk.json', 'tsconfig.json',
];

export function isSourceTree(directory: string, { root }: Pick<Context, 'root'>): boolean {
  const names = root.names(directory);
  return SOURCE_TREE.some((name) => names.includes(name));
}

/** Whether a path is in a directory under version control. */
export function isUnderVersionControl(real: string, { root }: Pick<Context, 'root'>): boolean {
  const directories = [...ancestors(real)];
  return ['.git', '.hg', '.svn'].some((name) => directories.some((directory) => root.status(`${directory}/${name}`) !== undefined));
}

function* ancestors(real: string): Generator<string> {
  for (let end = real.length; end > 0; end = real.lastIndexOf('/', end - 1)) yield real.slice(0, end);
}

