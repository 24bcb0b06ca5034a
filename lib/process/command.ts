/**
 * How a command line of the user's ended, in words: what is said of one that failed.
 */
import { constants } from 'os';
import { printable } from '../text/printable';

/** Bytes of output that a command line may write: they are kept in memory, to say the last of them. */
export const MOST_OUTPUT = 64 * 1024 * 1024;

const LAST_LINES = 20;
/** Of these, in characters: a line may have any length. */
const LAST_CHARACTERS = 8192;

export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  /** why it could not be run to its end, as `ENOENT` or `ENOBUFS`, execa has it so */
  readonly code?: string;
}

/** `exit status 3`, `SIGSEGV`: a shell says of a command that a signal ended it 128 and the number of that. */
export function howItEnded({ exitCode, signal, code }: Ended): string {
  if (code === 'ENOBUFS') return `more than ${MOST_OUTPUT / 1024 / 1024} MiB of output (send it to /dev/null)`;
  if (exitCode === undefined) return signal ?? code ?? 'no exit status';
  const [name] = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128) ?? [];
  return `exit status ${exitCode}${name ? ` (${name})` : ''}`;
}

/** The last lines of an output, indented; what a terminal would take for commands is made visible. */
export function lastLines(output: string): string {
  const end = output.trimEnd();
  if (end === '') return '  it said nothing';
  const lines = end.slice(-LAST_CHARACTERS).split('\n');
  const last = lines.slice(-LAST_LINES);
  const isWhole = end.length <= LAST_CHARACTERS && lines.length === last.length;
  return [isWhole ? '  it said:' : '  the last of what it said:', ...last.map((line) => `    ${printable(line)}`)].join('\n');
}
