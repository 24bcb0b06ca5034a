/**
 * Python's bytecode, `__pycache__/NAME.cpython-311.pyc`, which saves Python from compiling a module. PyPy's is `NAME.pypy39.pyc`.
 *
 * Bytecode identifies its source by time and size, but files in a zip do not have a time that Python accepts. So layers have unchecked
 * bytecode (PEP 552), which Python does not compare with its source: bit 0 of the flags is set, bit 1 is not. The header has 16 bytes: a
 * magic number, the flags, then time and size of the source, or its hash.
 */
import type { Status } from './root';

const HEADER = 16;
const UNCHECKED = 1;

const BYTECODE = /\/__pycache__\/([^/]+?)\.([a-z]+)-?\d+(?:\.opt-\d)?\.pyc$/;
const CPYTHON = 'cpython';

/** The implementation of Python that a bytecode file is for, such as `pypy`; `undefined` for CPython and for other files. */
export function otherImplementation(real: string): string | undefined {
  const [, , implementation] = bytecodeIn(real) ?? [];
  return implementation === CPYTHON ? undefined : implementation;
}

/** The path of a bytecode file's source, `undefined` for other files. */
export function sourceOfBytecode(real: string): string | undefined {
  const match = bytecodeIn(real);
  return match ? `${real.slice(0, match.index)}/${match[1]}.py` : undefined;
}

/** Called several times for every file. Most do not end with `.pyc`, so this is checked first. */
function bytecodeIn(real: string): RegExpExecArray | null {
  return real.endsWith('.pyc') ? BYTECODE.exec(real) : null;
}

/** True if bytecode was compiled from the source in its current state, or is unchecked. */
export function isCurrent(head: Buffer, source: Status): boolean {
  if (head.length < HEADER) return false;
  const [flags, modified, size] = [4, 8, 12].map((offset) => head.readUInt32LE(offset));
  return flags === UNCHECKED || (flags === 0 && modified === Math.floor(source.modified) % 2 ** 32 && size === source.size % 2 ** 32);
}

/** Marks bytecode as unchecked, so that Python does not compare it with its source. */
export function trustBytecode(bytes: Buffer): void {
  bytes.writeUInt32LE(UNCHECKED, 4);
  bytes.fill(0, 8, HEADER);
}
