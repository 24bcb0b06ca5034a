/**
 * Python's bytecode, `__pycache__/NAME.cpython-311.pyc`: what spares Python the compilation of a module.
 *
 * It says which source it belongs to by that file's time and size, and a zip keeps no time that Python would
 * accept. PEP 552 has another kind, which says that it is not to be checked: bit 0 of the flags is set, bit 1 is
 * not. The header has 16 bytes: a magic number, the flags, then time and size of the source, or a hash of it.
 */
import * as path from 'path';
import type { Status } from './root';

const HEADER = 16;
const UNCHECKED = 1;

/** The source of a bytecode file by its path, `undefined` for any other file. */
export function sourceOfBytecode(real: string): string | undefined {
  const [, name] = /\/__pycache__\/([^/]+?)\.[a-z]+-\d+(?:\.opt-\d)?\.pyc$/.exec(real) ?? [];
  return name === undefined ? undefined : path.posix.join(path.posix.dirname(path.posix.dirname(real)), `${name}.py`);
}

/** Whether bytecode belongs to the source as it is. */
export function isCurrent(head: Buffer, source: Status): boolean {
  if (head.length < HEADER) return false;
  const [flags, modified, size] = [4, 8, 12].map((offset) => head.readUInt32LE(offset));
  return flags === UNCHECKED || (flags === 0 && modified === Math.floor(source.modified) % 2 ** 32 && size === source.size % 2 ** 32);
}

/** Makes bytecode hold without a look at its source. */
export function trustBytecode(bytes: Buffer): void {
  bytes.writeUInt32LE(UNCHECKED, 4);
  bytes.fill(0, 8, HEADER);
}
