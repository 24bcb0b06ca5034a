/**
 * The file behind the name of a program, and whether it is one.
 */
import * as path from 'path';
import type { Elf, Machine } from '../elf';
import { describe, FormatError, identify, isProgram } from '../elf';
import { interpreterOf, readShebang } from './script';
import { shimManager, versionsBehind } from './shim';
import { LayerError } from '../error';
import type { Content } from '../root/content';
import type { Root } from '../root/root';
import { nearest } from '../text/nearest';
import { printableName } from '../text/printable';

/** A program that cannot be packed. */
export class ProgramError extends LayerError {}

export interface Program {
  /** as it was asked for */
  readonly binary: string;
  /** where it was found, links not resolved */
  readonly path: string;
  /** the same with its links resolved */
  readonly real: string;
  /** of a program that the kernel starts as it is */
  readonly elf?: Elf;
  /** of a script */
  readonly interpreter?: { readonly program: Program; readonly argument: string };
}

/** What is to be known of a root to find a program in it. */
export type ProgramFiles = Pick<Root, 'directory' | 'names' | 'real' | 'status'> & { content(real: string): Pick<Content, 'kind' | 'elf' | 'head' | 'size'> };

/**
 * @param binary a command that is looked for in `searchPath`, or a path, which has a `/`
 * @param searchPath directories, as in PATH
 * @param cwd what a relative path counts from
 * @param forScript whether it is to be the interpreter of a script, which cannot be one itself
 */
export function findProgram(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string, forScript = false): Program {
  if (binary === '') throw new ProgramError('binary \'\': its name is empty, expected a command on PATH, or the path of a program');
  const found = fileOf(root, binary, searchPath, cwd, forScript);
  const real = root.real(found)!;
  const { kind, elf, head, size } = root.content(real);
  const refuse = (what: string, instead: string) => new ProgramError(`binary '${printableName(binary)}': ${printableName(found)} is ${what}, expected ${instead}`);
  const expected = 'a program for 64-bit Linux on x86_64 or aarch64, or a script';
  if (size === 0) throw refuse('an empty file', expected);
  if (kind === 'script' && forScript) throw refuse('a script itself', 'a program');
  if (kind === 'script') return { binary, path: found, real, interpreter: findInterpreter(root, binary, found, searchPath) };
  const identity = identify(head);
  if (!identity.elf) throw refuse('neither an ELF file nor a script that begins with #!', expected);
  if (elf === undefined || elf instanceof FormatError) {
    throw refuse(`${describe(identity)}${elf ? ` (${elf.message})` : ''}`, expected);
  }
  if (elf.type === 'core') throw refuse('a core file, the memory of a program that crashed', expected);
  if (elf.type === 'relocatable') throw refuse('an object file that was not linked', expected);
  if (!isProgram(elf)) {
    throw refuse('a shared library', 'a program: a layer of this kind does not serve libraries that ctypes or the like loads into the function itself');
  }
  return { binary, path: found, real, elf };
}

/**
 * What programs are for, which has to be the same machine.
 *
 * @param wanted what was asked for
 * @throws ProgramError
 */
export function machineOf(programs: readonly Program[], wanted: Machine | undefined): Machine {
  const machines = programs.map(({ elf, interpreter }) => (elf ?? interpreter!.program.elf!).machine);
  const foreign = wanted === undefined ? -1 : machines.findIndex((machine) => machine !== wanted);
  if (foreign >= 0) {
    throw new ProgramError([
      `${programs[foreign].path} is for ${machines[foreign]}, expected ${wanted}, the architecture that was asked for:`,
      'take it from a source that has it for that, as BinarySource.apt, or BinarySource.image with an image for that platform',
    ].join(' '), 'architecture', 'source');
  }
  const other = machines.findIndex((machine) => machine !== machines[0]);
  if (other < 0) return machines[0];
  throw new ProgramError(`${programs[0].path} is for ${machines[0]} and ${programs[other].path} for ${machines[other]}: expected one machine, make a layer for each`);
}

/** The program that runs a script in the end. */
function findInterpreter(root: ProgramFiles, binary: string, script: string, searchPath: readonly string[]): Program['interpreter'] {
  const shebang = readShebang(root.content(root.real(script)!).head);
  const named = shebang && interpreterOf(shebang);
  if (!named) throw new ProgramError(`binary '${printableName(binary)}': ${printableName(script)} begins with '#!', expected the path of an interpreter behind it, or env and a command`);
  let program;
  try {
    program = findProgram(root, named.name, searchPath, '/', true);
  } catch (error) {
    throw new ProgramError(`binary '${printableName(binary)}': the interpreter of the script ${printableName(script)} cannot be packed\n  ${(error as Error).message}`);
  }
  return { program, argument: named.argument };
}

function fromPath(root: ProgramFiles, binary: string, cwd: string): string {
  const wanted = path.posix.resolve(cwd, binary);
  const real = root.real(wanted);
  if (real === undefined) throw new ProgramError(`binary '${printableName(binary)}': nothing at ${printableName(wanted)}, expected a program there; relative paths count from the working directory`);
  const type = root.status(real)!.type;
  if (type !== 'file') throw new ProgramError(`binary '${printableName(binary)}': ${printableName(wanted)} is ${type === 'directory' ? 'a directory' : 'a special file'}, expected a program`);
  return wanted;
}

/**
 * The file that a name stands for. A shim of a version manager is skipped for the next program on PATH if an interpreter is
 * looked for, which any version of it may be; which version of a requested program to pack is the user's decision.
 */
function fileOf(root: ProgramFiles, binary: string, searchPath: readonly string[], cwd: string, forScript: boolean): string {
  const found = binary.includes('/') ? fromPath(root, binary, cwd) : fromCommand(root, binary, searchPath);
  const manager = shimManager(root, found);
  if (manager === undefined) return found;
  const next = programAfterShims(root, path.posix.basename(found), searchPath);
  if (forScript && next !== undefined) return next;
  const versions = [...versionsBehind(root, found), ...(next === undefined ? [] : [next])];
  throw new ProgramError([
    `binary '${printableName(binary)}': ${printableName(found)} is a shim of the version manager ${manager}, which starts another file of this name`,
    versions.length > 0 ? `  give the path of that file instead: ${versions.map(printableName).join(', ')}` : `  no such file was found: ask ${manager} where it is, and give that path`,
  ].join('\n'));
}

function programAfterShims(root: ProgramFiles, command: string, searchPath: readonly string[]): string | undefined {
  for (const candidate of onPath(root, command, searchPath)) if (shimManager(root, candidate) === undefined) return candidate;
  return undefined;
}

/** The executable files that PATH has for a command, in order. Directories behind a match that suffices are not looked at. */
function* onPath(root: ProgramFiles, command: string, searchPath: readonly string[]): Generator<string> {
  for (const directory of searchPath) {
    if (!directory.startsWith('/')) continue; // the current directory would make the layer depend on where synth runs
    const candidate = path.posix.join(directory, command);
    const real = root.real(candidate);
    const status = real === undefined ? undefined : root.status(real);
    if (status?.type === 'file' && (status.mode & 0o111) !== 0) yield candidate;
  }
}

function fromCommand(root: ProgramFiles, binary: string, searchPath: readonly string[]): string {
  const [found] = onPath(root, binary, searchPath);
  if (found !== undefined) return found;
  const isHost = root.directory === '/';
  const name = printableName(binary);
  const near = nearest(binary, searchPath.flatMap((directory) => root.names(root.real(directory) ?? directory)));
  throw new ProgramError([
    `binary '${name}': no such command on PATH${isHost ? '' : ` in the root ${root.directory}`}${near === undefined ? '' : `: did you mean ${printableName(near)}?`}`,
    `  searched: ${searchPath.map(printableName).join(':') || 'nothing, PATH is empty'}`,
    isHost ? `  install the package that contains it on the machine that synthesizes (apt-get install ${name}), or give the path of the program: './build/${name}'`
      : `  choose a source in which it is installed, or give the path of the program inside the source: '/opt/${name}/bin/${name}'`,
  ].join('\n'));
}
