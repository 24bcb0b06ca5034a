/**
 * The start of a process: the kernel maps the program and its loader.
 */
import * as path from 'path';
import type { Elf } from '../elf';
import { Process } from './closure';
import { LayerError } from '../error';
import { rulesFor } from '../loader/rules';
import type { Loaded, LoaderRules, Setting } from '../loader/search';
import { printableName } from '../text/printable';

/** The loader of a program was not found. */
export class MissingInterpreterError extends LayerError {}

/**
 * Loads a program like `ld.so --list`. A library can be loaded in the same way, without a program.
 *
 * @param real its resolved path
 * @param rules rules of its loader @default - derived from the loader's name
 * @throws MissingLibraryError, MissingInterpreterError, UnloadableError
 */
export function load(real: string, elf: Elf, setting: Setting, rules = rulesFor(elf.interpreter)): Process {
  const program: Loaded = { path: real, real, elf, name: '', reason: 'requested' };
  return new Process(program, setting, rules, interpreterOf(program, setting, rules));
}

/** A dependency that was not found or is not a library. */
export interface Missing {
  /** as requested */
  readonly name: string;
  readonly requester: Loaded;
  readonly error: Error;
}

/**
 * Loads a program like `ld.so --list`. Reports missing libraries and loads the others.
 *
 * @throws MissingInterpreterError if the loader is missing; UnloadableError if it cannot be loaded, or there are too many libraries
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
  if (!found) {
    throw new MissingInterpreterError(
      `${printableName(program.path)} requires the loader ${printableName(name)}, which does not exist: ` +
        'install the C library that the program was built for',
    );
  }
  return { ...found, name, loader: program };
}
