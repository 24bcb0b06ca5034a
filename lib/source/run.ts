/**
 * Runs a program of this machine that opening a source takes: what goes wrong with it says what was run.
 */
import * as execa from 'execa';
import { SourceError } from './source';
import { howItEnded, lastLines, MOST_OUTPUT } from '../process/command';
import { printable } from '../text/printable';

/** Of a command line that may name hundreds of packages, in characters. */
const MOST_SHOWN = 400;

export interface Run {
  /** the source, as messages name it */
  readonly source: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** what brings the program, where there is none on PATH */
  readonly missing: string;
  /** what to do, from what it said */
  readonly advice?: (said: string) => string;
}

/**
 * @returns its standard output
 * @throws SourceError where it is not there, or ends with anything but exit status 0
 */
export function run({ source, command, args, env, missing, advice }: Run): string {
  const ended = execa.sync(command, args, { env, stdin: 'ignore', reject: false, maxBuffer: MOST_OUTPUT });
  if (!ended.failed) return ended.stdout;
  if ((ended as { code?: string }).code === 'ENOENT') throw new SourceError(`source ${source}: no ${command} is on PATH: ${missing}`);
  const said = ended.stderr.trim() === '' ? ended.stdout : ended.stderr;
  const line = printable([command, ...args].join(' '));
  throw new SourceError([
    `source ${source}: ${line.length > MOST_SHOWN ? `${line.slice(0, MOST_SHOWN)}…` : line}`,
    `  ended with ${howItEnded(ended)}, nothing was kept`,
    lastLines(said),
    ...[advice?.(said) ?? ''].filter(Boolean).map((text) => `  ${text}`),
  ].join('\n'));
}
