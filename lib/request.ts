/**
 * Creates a request from properties of the construct or from options of the command line.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { OptionName } from './error';
import type { LayerRequest } from './plan/plan-layer';
import type { Trial } from './sandbox/trial';
import type { OpenedSource } from './source/source';
import { type Workload, WorkloadError } from './workload/workload';

/** The user's options, with their defaults. */
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
  /** @default - only if the layer would otherwise be too large */
  readonly compress?: boolean;
}

/** @throws Error if a trace command is empty or has a NUL character */
export function requestOf(options: LayerOptions, { machine, searchPath, libraryPath, cwd }: OpenedSource): LayerRequest {
  const { binaries, rename = {}, include = [], exclude = [], detectData = true, traceCommands = [], compress } = options;
  for (const command of traceCommands) checkCommand('a command of traceCommands', command);
  return { binaries, rename, include, exclude, detectData, traceCommands, compress, machine, searchPath, libraryPath, cwd };
}

/** The user's options for a workload, with their defaults. */
export interface WorkloadOptions {
  /** @default - none: the layer is not slimmed */
  readonly workload?: readonly string[];
  /** a directory; a relative path starts from the working directory of this process @default - none */
  readonly workloadFiles?: string;
  /** @default [] */
  readonly keep?: readonly string[];
  /** a file; a relative path starts from the working directory of this process @default - none */
  readonly workloadLock?: string;
}

/**
 * @returns `undefined` if there is no workload
 * @throws WorkloadError if the workload has no command, the directory does not exist, or an option is set without a workload
 * @throws Error if a command is empty or has a NUL character
 */
export function workloadOf({ workload, workloadFiles, keep, workloadLock }: WorkloadOptions): Workload | undefined {
  if (workload === undefined) {
    const others = Object.entries({ workloadFiles, keep, workloadLock });
    const [other] = others.find(([, value]) => value !== undefined && value.length > 0) ?? [];
    if (other !== undefined) {
      throw new WorkloadError(`${other} is set, and workload is not: expected command lines in workload`, other as OptionName, 'workload');
    }
    return undefined;
  }
  if (workload.length === 0) {
    throw new WorkloadError('workload is empty: expected at least one command line, such as \'rig -f\'', 'workload');
  }
  for (const command of workload) checkCommand('a command of workload', command);
  const files = workloadFiles === undefined ? undefined : path.resolve(workloadFiles);
  if (files !== undefined && !fs.statSync(files, { throwIfNoEntry: false })?.isDirectory()) {
    const problem = `workloadFiles '${workloadFiles}' is not a directory`;
    throw new WorkloadError(`${problem}: expected one with the files of the workload`, 'workloadFiles');
  }
  return { commands: workload, files, keep: keep ?? [], lock: workloadLock === undefined ? undefined : path.resolve(workloadLock) };
}

/**
 * @param timeout in milliseconds
 * @returns `undefined` if there is no test command
 * @throws Error if the command is empty or has a NUL character, or the timeout is 0
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
