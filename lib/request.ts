/**
 * Turns what a user asks for, in properties of the construct or in options of the command line, into a request.
 */
import type { LayerRequest } from './plan/plan-layer';
import type { Trial } from './sandbox/trial';
import type { OpenedSource } from './source/source';

/** The choices of a user; each has the default that is stated here. */
export interface LayerOptions {
  readonly binaries: readonly string[];
  /** @default {} */
  readonly rename?: Readonly<Record<string, string>>;
  /** @default [] */
  readonly include?: readonly string[];
  /** @default [] */
  readonly exclude?: readonly string[];
  /** @default true */
  readonly detectData?: boolean;
  /** @default [] */
  readonly traceCommands?: readonly string[];
}

/** @throws Error if a trace command is not a command line */
export function requestOf(options: LayerOptions, { machine, searchPath, libraryPath, cwd }: OpenedSource): LayerRequest {
  const { binaries, rename = {}, include = [], exclude = [], detectData = true, traceCommands = [] } = options;
  for (const command of traceCommands) checkCommand('a command of traceCommands', command);
  return { binaries, rename, include, exclude, detectData, traceCommands, machine, searchPath, libraryPath, cwd };
}

/**
 * @param timeout in milliseconds
 * @returns `undefined` if there is no test command
 * @throws Error if the command is not a command line, or the timeout is 0
 */
export function trialOf(command: string | undefined, timeout: number): Trial | undefined {
  if (command !== undefined) checkCommand('testCommand', command);
  if (timeout === 0) throw new Error('testTimeout is 0, expected some time for testCommand to end');
  return command === undefined ? undefined : { command, timeout };
}

function checkCommand(label: string, command: string): void {
  if (command.trim() === '') throw new Error(`${label} is empty, expected a command line for sh`);
  if (command.includes('\0')) throw new Error(`${label} has a NUL character, expected a command line for sh: ${JSON.stringify(command)}`);
}
