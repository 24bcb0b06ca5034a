/**
 * Finds the file of a program by name or path, and checks that it is a program.
 */
import * as path from 'path';
import type { Elf, Machine } from '../elf';
import { describe, identify, isProgram } from '../elf';
import { interpreterOf, readShebang } from './script';
import { shimManager, versionsBehind } from './shim';
import { LayerError } from '../error';
import type { Content } from '../root/content';
import { isExecutableArchive } from '../root/java-archive';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';
import { nearest } from '../text/nearest';
import { printableName } from '../text/printable';

/** A program that cannot be packed. */
export class ProgramError extends LayerError {}

export interface Program {
  /** as requested */
  readonly binary: string;
  /** the path by which it was found, links not resolved */
  readonly path: string;
  /** its resolved path */
  readonly real: string;
  /** header of a binary program */
  readonly elf?: Elf;
  /** interpreter of a script, or the runtime of a Java archive */
  readonly interpreter?: { readonly program: Program; readonly argument: string };
}

/** What to do if the interpreter of a script is itself a script. The kernel runs such a script, but a layer does not support it. */
const WITHOUT_SCRIPT =
  'a program: request the ELF program that runs the interpreter, list your script in include, and start it with that program';

/** The parts of a root that are needed to find a program. */
export type ProgramFiles = Pick<Root, 'location' | 'isHost' | 'names' | 'real' | 'status'> & {
  content(real: string): Pick<Content, 'kind' | 'elf' | 'elfError' | 'head' | 'size'>;
};

/**
 * @param binary a command to search for in `searchPath`, or a path, which contains a `/`
 * @param searchPath directories, like PATH
 * @param cwd start of relative paths
 * @param forScript true to find an interpreter for a script or an archive. An interpreter cannot be a script or an archive itself
 */
export function findProgram(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string, forScript = false): Program {
  if (binary === '') throw new ProgramError('binary \'\': the name is empty, expected a command on PATH or the path of a program');
  const file = fileOf(root, binary, searchPath, cwd, forScript);
  const real = root.real(file)!;
  const { kind, elf, elfError, head, size } = root.content(real);
  const refuse = (what: string, instead: string) =>
    new ProgramError(`binary '${printableName(binary)}': ${printableName(file)} is ${what}, expected ${instead}`);
  const expected = 'a program for 64-bit Linux on x86_64 or aarch64, or a script';
  if (size === 0) throw refuse('an empty file', expected);
  if (kind === 'script' && forScript) throw refuse('itself a script', WITHOUT_SCRIPT);
  if (kind === 'script') return { binary, path: file, real, interpreter: findInterpreter(root, binary, file, searchPath) };
  if (isExecutableArchive(head) && !forScript) {
    return { binary, path: file, real, interpreter: { program: findRuntime(root, binary, file, searchPath), argument: '-jar' } };
  }
  const identity = identify(head);
  if (!identity.elf) throw refuse('neither an ELF file nor a script that begins with #!', expected);
  if (elf === undefined) throw refuse(`${describe(identity)}${elfError ? ` (${elfError.message})` : ''}`, expected);
  if (elf.type === 'core') throw refuse('a core file, the memory of a crashed program', expected);
  if (elf.type === 'relocatable') throw refuse('an object file that has not been linked', expected);
  if (!isProgram(elf)) {
    throw refuse(
      'a shared library',
      'a program: a layer does not support libraries that are loaded into the function itself, for example with ctypes',
    );
  }
  return { binary, path: file, real, elf };
}

/**
 * The target architecture of programs, which must be the same for all.
 *
 * @param requested the architecture that the user requested
 * @throws ProgramError
 */
export function machineOf(programs: readonly Program[], requested: Machine | undefined): Machine {
  const machines = programs.map(({ elf, interpreter }) => (elf ?? interpreter!.program.elf!).machine);
  const foreign = requested === undefined ? -1 : machines.findIndex((machine) => machine !== requested);
  if (foreign >= 0) {
    throw new ProgramError([
      `${programs[foreign].path} is for ${machines[foreign]}, expected ${requested}, the requested architecture:`,
      'use a source for that architecture, such as BinarySource.apt, or BinarySource.image with an image for that platform;',
      'build a program of your own for that architecture',
    ].join(' '), 'architecture', 'source');
  }
  const other = machines.findIndex((machine) => machine !== machines[0]);
  if (other < 0) return machines[0];
  throw new ProgramError(
    `${programs[0].path} is for ${machines[0]} and ${programs[other].path} for ${machines[other]}: ` +
      'expected the same architecture, create a layer for each',
  );
}

/**
 * The Java runtime that starts an archive. A kernel can start archives with a wrapper that is registered for their first bytes
 * (binfmt_misc). Lambda's kernel has no such registration, so a starter in the layer runs the runtime.
 */
function findRuntime(root: ProgramFiles, binary: string, archive: string, searchPath: readonly string[]): Program {
  try {
    return findProgram(root, 'java', searchPath, '/', true);
  } catch (error) {
    throw new ProgramError(
      `binary '${printableName(binary)}': the Java runtime that starts the archive ${printableName(archive)} cannot be packed\n` +
        `  ${(error as Error).message}`,
    );
  }
}

/** The interpreter of a script: not `env`, but the command that `env` starts. */
function findInterpreter(root: ProgramFiles, binary: string, script: string, searchPath: readonly string[]): Program['interpreter'] {
  const shebang = readShebang(root.content(root.real(script)!).head);
  const named = shebang && interpreterOf(shebang);
  if (!named) {
    throw new ProgramError(
      `binary '${printableName(binary)}': ${printableName(script)} begins with '#!', expected an interpreter's path, or env and a command`,
    );
  }
  let program;
  try {
    program = findProgram(root, named.name, searchPath, '/', true);
  } catch (error) {
    const hint = named.name.endsWith('\r') ? '\n  the first line of the script ends with a carriage return: remove it' : '';
    throw new ProgramError(
      `binary '${printableName(binary)}': the interpreter of the script ${printableName(script)} cannot be packed\n` +
        `  ${(error as Error).message}${hint}`,
    );
  }
  return { program, argument: named.argument };
}

function fromPath(root: ProgramFiles, binary: string, cwd: string): string {
  const absolute = path.posix.resolve(cwd, binary);
  const real = root.real(absolute);
  if (real === undefined) {
    const directory = path.posix.dirname(absolute);
    const near = nearest(path.posix.basename(absolute), root.names(root.real(directory) ?? directory));
    throw new ProgramError(
      `binary '${printableName(binary)}': ${printableName(absolute)} does not exist, expected a program` +
        (near === undefined
          ? '; relative paths start at the working directory'
          : `: did you mean ${printableName(path.posix.join(directory, near))}?`),
    );
  }
  const type = root.status(real)!.type;
  if (type !== 'file') {
    throw new ProgramError(
      `binary '${printableName(binary)}': ${printableName(absolute)} is ` +
        `${type === 'directory' ? 'a directory' : 'a special file'}, expected a program`,
    );
  }
  return absolute;
}

/**
 * The file of a command or path. If an interpreter is a shim of a version manager, the next program on PATH that has the same name and is
 * not a shim is used instead: any version can run the script. Any other shim is an error, because the user must choose the version.
 */
function fileOf(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string, forScript: boolean): string {
  const file = binary.includes('/') ? fromPath(root, binary, cwd) : fromCommand(root, binary, searchPath, cwd);
  const manager = shimManager(root, file);
  if (manager === undefined) return file;
  const next = programAfterShims(root, path.posix.basename(file), searchPath);
  if (forScript && next !== undefined) return next;
  const versions = [...versionsBehind(root, file), ...(next === undefined ? [] : [next])];
  throw new ProgramError(
    [
      `binary '${printableName(binary)}': ${printableName(file)} is a shim of the version manager ${manager}, ` +
        'which starts another file of this name',
      versions.length > 0
        ? `  specify the path of that file instead: ${versions.map(printableName).join(', ')}`
        : `  that file was not found: ask ${manager} for its path, and specify it`,
    ].join('\n'),
  );
}

function programAfterShims(root: ProgramFiles, command: string, searchPath: readonly string[]): string | undefined {
  for (const candidate of onPath(root, command, searchPath)) if (shimManager(root, candidate) === undefined) return candidate;
  return undefined;
}

/** The resolved path of the file that `findProgram` checks; `undefined` if there is none. The file is not read. */
export function programFile(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string): RootPath | undefined {
  const [file] = binary.includes('/') ? [path.posix.resolve(cwd, binary)] : onPath(root, binary, searchPath);
  return file === undefined ? undefined : root.real(file);
}

/** The executable files on PATH with a command's name, in order. Callers stop at the first suitable one. */
function* onPath(root: ProgramFiles, command: string, searchPath: readonly string[]): Generator<string> {
  for (const directory of searchPath) {
    if (!directory.startsWith('/')) continue; // a relative path would make the layer depend on the directory in which synth runs
    const candidate = path.posix.join(directory, command);
    const real = root.real(candidate);
    const status = real === undefined ? undefined : root.status(real);
    if (status?.type === 'file' && (status.mode & 0o111) !== 0) yield candidate;
  }
}

function fromCommand(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string): string {
  const [file] = onPath(root, binary, searchPath);
  if (file !== undefined) return file;
  const { isHost } = root;
  const name = printableName(binary);
  const real = root.real(path.posix.join(cwd, binary));
  const isInDirectory = real !== undefined && root.status(real)?.type === 'file';
  const onSearchPath = () => searchPath.flatMap((directory) => root.names(root.real(directory) ?? directory));
  const near = isInDirectory ? `./${binary}` : nearest(binary, onSearchPath());
  throw new ProgramError(
    [
      `binary '${name}': no such command on PATH${isHost ? '' : ` in the root ${root.location}`}` +
        (near === undefined ? '' : `: did you mean ${printableName(near)}?`),
      `  searched: ${searchPath.map(printableName).join(':') || 'nothing, PATH is empty'}`,
      isInDirectory
        ? `  a name without '/' is a command on PATH; to pack the file in the working directory, specify './${name}'`
        : isHost
          ? `  install the package that contains it on the machine that synthesizes (apt-get install ${name}), ` +
          `or specify the path of the program: './build/${name}'`
          : `  use a source in which it is installed, or specify the path of the program inside the source: '/opt/${name}/bin/${name}'`,
    ].join('\n'),
  );
}
