/**
 * The first line of a script, `#!INTERPRETER [ARGUMENT]`, by which the kernel starts it (fs/binfmt_script.c).
 */
import * as path from 'path';

export interface Shebang {
  /** the path as written */
  readonly interpreter: string;
  /** everything after the interpreter, as a single argument */
  readonly argument: string;
}

/** @param head the first bytes of the file */
export function readShebang(head: Buffer): Shebang | undefined {
  const [line] = head.toString('latin1').split('\n', 1);
  if (!line.startsWith('#!')) return undefined;
  let [start, end] = [2, line.length];
  while (start < end && isBlank(line[start])) start++;
  while (end > start && isBlank(line[end - 1])) end--;
  if (start === end) return undefined;
  let behind = start;
  while (behind < end && !isBlank(line[behind])) behind++;
  let argument = behind;
  while (argument < end && isBlank(line[argument])) argument++;
  return { interpreter: line.slice(start, behind), argument: line.slice(argument, end) };
}

/** A blank as the kernel defines it. A carriage return is not one: a script whose first line ends with it fails on Linux. */
function isBlank(character: string): boolean {
  return character === ' ' || character === '\t';
}

/** The interpreter of a script: not `env`, but the command that `env` starts. */
export interface Interpreter {
  /** a path, or a command */
  readonly name: string;
  readonly argument: string;
}

/** @returns `undefined` if `env` has no command, has options other than `-S`, or sets variables */
export function interpreterOf({ interpreter, argument }: Shebang): Interpreter | undefined {
  if (path.posix.basename(interpreter) !== 'env') return { name: interpreter, argument };
  const isSplit = argument.startsWith('-S'); // then env(1) splits the argument at every kind of white space
  const words = isSplit ? argument.slice(2).trim().split(/\s+/) : argument.split(/[ \t]+/);
  if (words[0] === '' || words[0].startsWith('-') || words[0].includes('=')) return undefined;
  return { name: words[0], argument: words.slice(1).join(' ') };
}
