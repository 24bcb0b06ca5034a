/**
 * Shims of version managers. A shim has the name of a program and starts the manager, which then starts the configured version of that
 * program. A shim does not work in a layer, which contains neither the manager nor the versions.
 *
 * - pyenv, rbenv, nodenv, goenv and asdf install scripts of a few lines: `exec MANAGER exec OWN-NAME "$@"`.
 * - volta, mise, rustup and snap install links to the manager, which derives the program from the link's name.
 */
import * as path from 'path';
import type { Content } from '../root/content';
import type { Root } from '../root/root';

export type ShimFiles = Pick<Root, 'real' | 'status' | 'names'> & { content(real: string): Pick<Content, 'kind' | 'head' | 'size'> };

/** The directory in which most managers install shims. */
const SHIMS = 'shims';
/** Managers. A link with another name to one of these programs is a shim, even if its directory is not named `shims`. */
const MANAGERS = ['rustup', 'snap', 'mise', 'rtx', 'volta', 'asdf', 'proto', 'fnm'];
const SHIM_PROGRAM = /(?:^|[-_.])shim$/;

const MOST_BYTES = 4096;
const MOST_LINES = 20;
/**
 * `exec MANAGER exec NAME`, where NAME is a literal or a variable. Some managers have `run` or `shim` in the place of the second `exec`.
 * asdf puts MANAGER in quotes.
 */
const EXEC =
  /^[ \t]*exec[ \t]+["']?([^\s"']+)["']?[ \t]+(?:exec|run|shim)[ \t]+(?:--[ \t]+)?["']?([^\s"']+)["']?[ \t]+"\$@"[ \t]*(?:#.*)?$/m;

/**
 * Recognizes a shim.
 *
 * @param file an absolute path inside the root, links not resolved
 * @returns the name of the manager, such as `pyenv`; `undefined` if the file is not a shim
 */
export function shimManager(root: ShimFiles, file: string): string | undefined {
  const real = root.real(file);
  if (real === undefined || root.status(real)?.type !== 'file') return undefined;
  const [name, target] = [path.posix.basename(file), path.posix.basename(real)];
  const { kind, head, size } = root.content(real);
  const inShims = path.posix.basename(path.posix.dirname(file)) === SHIMS;
  if (kind === 'script' && size <= MOST_BYTES) {
    const manager = managerIn(head.toString('latin1'), name);
    if (manager !== undefined) return manager;
  }
  if (target !== name) {
    return SHIM_PROGRAM.test(target) || MANAGERS.includes(target) || inShims ? target.replace(/[-_.]shim$/, '') : undefined;
  }
  return kind === 'elf' ? hardLinked(root, real, size) : undefined;
}

/** The manager that a short script executes, with the name of the script as an argument. */
function managerIn(text: string, name: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  if (lines.length > MOST_LINES) return undefined;
  const [, manager, argument] = EXEC.exec(lines.join('\n')) ?? [];
  if (manager === undefined) return undefined;
  return isOwnName(argument, name, lines) ? path.posix.basename(manager) : undefined;
}

const OWN_NAME = /^["']?(?:\$\{0##\*\/\}|\$\(basename[ \t]+["']?\$\{?0\}?["']?\))["']?$/;

function isOwnName(argument: string, name: string, lines: readonly string[]): boolean {
  if (argument === name || OWN_NAME.test(argument)) return true;
  const variable = /^\$\{?(\w+)\}?$/.exec(argument)?.[1];
  return (
    variable !== undefined &&
    lines.some((line) => line.trim().startsWith(`${variable}=`) && OWN_NAME.test(line.trim().slice(variable.length + 1)))
  );
}

/** rustup before 1.28 creates hard links to itself: these have the size of the manager and are in its directory. */
function hardLinked(root: ShimFiles, real: string, size: number): string | undefined {
  const directory = path.posix.dirname(real);
  const isSame = (manager: string) => {
    const other = path.posix.join(directory, manager);
    return other !== real && root.status(other)?.type === 'file' && root.status(other)!.size === size;
  };
  return MANAGERS.find(isSame);
}

/** Directories in which managers store versions, relative to the parent of the directory with the shims. */
const VERSIONS = ['versions', 'installs', 'tools/image', 'toolchains', '../.rustup/toolchains'];
/** Maximum number of levels between a directory in `VERSIONS` and `bin`. asdf and mise have two: the tool's name and a version. */
const MOST_DEPTH = 2;
const MOST_FOUND = 3;

/** The programs that a shim may start, as paths inside the root, the latest versions first. */
export function versionsBehind(root: ShimFiles, shim: string): string[] {
  const home = path.posix.dirname(path.posix.dirname(shim));
  const name = path.posix.basename(shim);
  const found: string[] = [];
  // by value: 3.9 is less than 3.11. Made here and not when this file is loaded, because that takes 9 ms and few programs are shims
  const { compare } = new Intl.Collator('en', { numeric: true });
  const look = (directory: string, depth: number) => {
    const real = root.real(directory);
    if (real === undefined || root.status(real)?.type !== 'directory') return;
    for (const version of [...root.names(real)].sort((a, b) => compare(b, a))) {
      if (found.length === MOST_FOUND) return;
      const inside = path.posix.join(directory, version);
      const candidate = path.posix.join(inside, 'bin', name);
      const target = root.real(candidate);
      if (target !== undefined && root.status(target)?.type === 'file') found.push(candidate);
      else if (depth < MOST_DEPTH) look(inside, depth + 1);
    }
  };
  for (const versions of VERSIONS) look(path.posix.join(home, versions), 1);
  return found;
}
