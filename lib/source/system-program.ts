/**
 * Runs a program of this machine that opening a source takes: what goes wrong with it says what was run.
 */
import { SourceError } from './source';
import { runChild } from '../process/child';
import { howItEnded, lastLines } from '../process/command';
import { type Environment, systemEnvironment } from '../process/environment';
import { printable } from '../text/printable';
import type { OptionName } from '../error';

/** Of a command line that may name hundreds of packages, in characters. */
const MOST_SHOWN = 400;

export interface Run {
  /** the source, as messages name it */
  readonly source: string;
  readonly command: string;
  readonly args: readonly string[];
  /** @default - that of a program of the system */
  readonly environment?: Environment;
  /** what brings the program, where there is none on PATH */
  readonly missing: string;
  /** the options that the advice is about */
  readonly options?: readonly OptionName[];
  /** what to do, from what it said */
  readonly advice?: (said: string) => string;
}

/**
 * @returns its standard output
 * @throws SourceError where it is not there, or ends with anything but exit status 0
 */
export function run({ source, command, args, environment = systemEnvironment(), missing, options = [], advice }: Run): string {
  const ended = runChild(command, args, { environment });
  if (!ended.failed) return ended.stdout;
  if (ended.code === 'ENOENT') throw new SourceError(`source ${source}: no ${command} is on PATH: ${missing}`, 'source');
  const said = ended.stderr.trim() === '' ? ended.stdout : ended.stderr;
  const line = printable([command, ...args].join(' '));
  throw new SourceError([
    `source ${source}: ${line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line}`,
    `  ended with ${howItEnded(ended)}, nothing was kept`,
    lastLines(said),
    ...[advice?.(said) ?? ''].filter(Boolean).map((text) => `  ${text}`),
  ].join('\n'), ...options);
}
