/**
 * A program at the start of a process: the object itself and the loader that the kernel starts with it.
 */
import * as path from 'path';
import { Elf } from '../elf';
import { Process } from './closure';
import { Loaded, open, Setting } from '../loader/search';

/** The loader that a program names was not found. */
export class MissingInterpreterError extends Error {}

/**
 * Loads a program, or a library in the place of one, as `ld.so --list` does.
 *
 * @param real its resolved path
 * @throws MissingLibraryError, MissingInterpreterError, UnloadableError
 */
export function load(real: string, elf: Elf, setting: Setting): Process {
  const program: Loaded = { path: real, real, elf, name: '', reason: 'asked for' };
  return new Process(program, setting, interpreterOf(program, setting));
}

function interpreterOf(program: Loaded, setting: Setting): Loaded | undefined {
  const name = program.elf.interpreter;
  if (name === undefined) return undefined;
  const found = name.startsWith('/') ? open(path.posix.normalize(name), 'interpreter', setting) : undefined;
  if (!found) throw new MissingInterpreterError(`${program.path} names ${name} as its loader, which is not there: install the C library that it was built for`);
  return { ...found, name, loader: program };
}
