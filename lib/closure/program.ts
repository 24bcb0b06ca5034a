/**
 * A program at the start of a process: the object itself and the loader that the kernel starts with it.
 */
import * as path from 'path';
import type { Elf } from '../elf';
import { Process } from './closure';
import { LayerError } from '../error';
import { rulesFor } from '../loader/rules';
import type { Loaded, LoaderRules, Setting } from '../loader/search';
import { printableName } from '../text/printable';

/** The loader that a program names was not found. */
export class MissingInterpreterError extends LayerError {}

/**
 * Loads a program, or a library in the place of one, as `ld.so --list` does.
 *
 * @param real its resolved path
 * @param rules those of its loader @default - as the loader is called that it names
 * @throws MissingLibraryError, MissingInterpreterError, UnloadableError
 */
export function load(real: string, elf: Elf, setting: Setting, rules = rulesFor(elf.interpreter)): Process {
  const program: Loaded = { path: real, real, elf, name: '', reason: 'asked for' };
  return new Process(program, setting, rules, interpreterOf(program, setting, rules));
}

/** A library that is needed and was not found, or that is none. */
export interface Missing {
  /** as it is asked for */
  readonly name: string;
  readonly requester: Loaded;
  readonly error: Error;
}

/**
 * Loads a program as far as that goes, as `ld.so --list` does: what is missing is told, and the rest loaded without it.
 *
 * @throws MissingInterpreterError, UnloadableError where there is not even a loader
 */
export function loadWithout(real: string, elf: Elf, setting: Setting): { process: Process; missing: Missing[] } {
  const missing: Missing[] = [];
  const process = load(real, elf, { ...setting, missing: (name, requester, error) => missing.push({ name, requester, error }) });
  return { process, missing };
}

function interpreterOf(program: Loaded, setting: Setting, rules: LoaderRules): Loaded | undefined {
  const name = program.elf.interpreter;
  if (name === undefined) return undefined;
  const found = name.startsWith('/') ? rules.open(path.posix.normalize(name), 'interpreter', setting) : undefined;
  if (!found) throw new MissingInterpreterError(`${printableName(program.path)} names the loader ${printableName(name)}, which does not exist: install the C library that it was built for`);
  return { ...found, name, loader: program };
}
