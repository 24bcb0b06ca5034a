/**
 * Runs a program of this machine that is needed to open a source. Errors contain its command line.
 */
import { SourceError } from './source';
import type { OptionName } from '../error';
import { runChild } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { type Environment, systemEnvironment } from '../process/environment';
import { printable } from '../text/printable';

/** Maximum number of characters of a command line in messages: it may contain hundreds of packages. */
const MOST_SHOWN = 400;

export interface Run {
  /** the source's name in messages */
  readonly source: string;
  readonly command: string;
  readonly args: readonly string[];
  /** @default - the environment of system programs */
  readonly environment?: Environment;
  /** how to install the program if it is not on PATH */
  readonly missing: string;
  /** the options that the advice refers to */
  readonly options?: readonly OptionName[];
  /** advice that depends on the program's output */
  readonly advice?: (output: string) => string;
}

/**
 * @returns its standard output
 * @throws SourceError if it is not on PATH or its exit code is not 0
 */
export function run({ source, command, args, environment = systemEnvironment(), missing, options = [], advice }: Run): string {
  const ended = runChild(command, args, { environment });
  if (!ended.failed) return ended.stdout;
  if (ended.code === 'ENOENT') throw new SourceError(`source ${source}: ${command} not found on PATH: ${missing}`, 'source');
  const output = ended.stderr.trim() === '' ? ended.stdout : ended.stderr;
  const line = printable([command, ...args].join(' '));
  throw new SourceError([
    `source ${source}: ${line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line}`,
    `  ended with ${howItEnded(ended)}, nothing was cached`,
    lastLines(output),
    ...[advice?.(output) ?? ''].filter(Boolean).map((text) => `  ${text}`),
  ].join('\n'), ...options);
}
