import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Workshop } from './compile';
import type { DynamicSymbols, ExportedSymbol, Machine } from '../../lib/elf';
import { readSymbols, satisfies } from '../../lib/elf';
import type { StubOptions } from '../../lib/elf/stub';
import { stubLibrary } from '../../lib/elf/stub';

/** Libraries, their stubs, and programs that run with either. */
export class StubWorkshop extends Workshop {
  /** Compiles a library with this soname and file name. */
  public library(soname: string, source: string, options: readonly string[] = [], compiler = 'gcc'): string {
    return this.compile(soname, source, ['-shared', '-fPIC', `-Wl,-soname,${soname}`, ...options], compiler);
  }

  /** Compiles a program that searches the workshop's directory for its libraries, which are given as files. */
  public program(name: string, source: string, libraries: readonly string[], options: readonly string[] = [], compiler = 'gcc'): string {
    return this.compile(name, source, ['-Wl,--no-as-needed', ...libraries, `-Wl,-rpath,${this.directory}`, ...options], compiler);
  }

  public symbols(file: string): DynamicSymbols {
    return readSymbols(readFileSync(file));
  }

  /** Replaces a library by a stub with the functions that others refer to. */
  public replace(library: string, users: readonly string[], options: Partial<StubOptions> = {}): Buffer {
    const original = this.symbols(library);
    const symbols = referredTo(original, users.map(user => this.symbols(user)));
    const stub = stubLibrary(original, symbols, { library: original.soname!, ...options });
    this.write(library.slice(this.directory.length + 1), stub);
    return stub;
  }
}

/** The exports of a library that others refer to. */
export function referredTo(library: DynamicSymbols, users: readonly DynamicSymbols[]): ExportedSymbol[] {
  return users.flatMap(({ imports }) => imports).flatMap(imported => (
    (library.exports.get(imported.name) ?? []).filter(symbol => satisfies(symbol, imported))
  ));
}

/** The symbols of a library that has only functions with these names. */
export function functionsNamed(machine: Machine, soname: string, names: readonly string[]): DynamicSymbols {
  const symbol = { isHidden: false, type: 'function', binding: 'global', size: 4, isFunction: true } as const;
  return { machine, soname, flags1: 0, versions: [], exports: new Map(names.map(name => [name, [{ ...symbol, name }]])), imports: [] };
}

/** The result of a program: exit code or signal, standard output and error. */
export function outcome(command: string, ...options: readonly string[]): { code: number | string; stdout: string; stderr: string } {
  const { status, signal, stdout, stderr, error } = spawnSync(command, options, { encoding: 'utf8', env: { PATH: process.env.PATH } });
  if (error) throw error;
  return { code: status ?? signal!, stdout, stderr };
}

/** The line that a function of a stub prints. */
export function message(program: string, symbol: string, library: string): string {
  const advice = 'left out because the workload did not use it: add a command that does, or `keep` the library';
  return `${program}: called ${symbol} in ${library}, ${advice}\n`;
}
