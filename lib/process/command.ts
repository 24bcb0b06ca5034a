/**
 * Describes in error messages how a user's command ended.
 */
import { constants } from 'os';
import { printable } from '../text/printable';

/** Limit on the output of a command in bytes: it is kept in memory to report its last lines. */
export const MOST_OUTPUT = 64 * 1024 * 1024;

const LAST_LINES = 20;
/** Maximum length of all last lines together, in characters. */
const LAST_CHARACTERS = 8192;

export interface Ended {
  readonly exitCode?: number;
  readonly signal?: string;
  /** code of the error that kept it from running to its end, such as `ENOENT` or `ENOBUFS` */
  readonly code?: string;
}

/** `exit code 3`, `SIGSEGV`, or `exit code 139 (SIGSEGV)`: a shell exits with 128 plus the number of the signal that ended its command. */
export function howItEnded({ exitCode, signal, code }: Ended): string {
  if (code === 'ENOBUFS') return `more than ${MOST_OUTPUT / 1024 / 1024} MiB of output (send it to /dev/null)`;
  if (exitCode === undefined) return signal ?? code ?? 'no exit code';
  const [name] = Object.entries(constants.signals).find(([, number]) => number === exitCode - 128) ?? [];
  return `exit code ${exitCode}${name ? ` (${name})` : ''}`;
}

/** The last lines of an output, indented, with escape sequences made visible. */
export function lastLines(output: string): string {
  const end = output.trimEnd();
  if (end === '') return '  no output';
  const lines = end.slice(-LAST_CHARACTERS).split('\n');
  const last = lines.slice(-LAST_LINES);
  const isWhole = end.length <= LAST_CHARACTERS && lines.length === last.length;
  return [isWhole ? '  output:' : '  last lines of output:', ...last.map((line) => `    ${printable(line)}`)].join('\n');
}
