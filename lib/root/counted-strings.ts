/**
 * Strings in bytecode, each preceded by its length. The byte with the length may look like a character of the string, and so may the byte
 * after the string.
 */
import { isArchive } from './java-archive';

/** Characters of a path, and of a list of paths. */
const OF_PATHS = /^[A-Za-z0-9._+@,~/:-]+$/;
/** Maximum length of a script's first line, in bytes. */
const FIRST_LINE = 256;
/** Number of bytes after the first line that are examined. */
const BEGINNING = 16;

/** The length of a string that begins at an offset of a file, `undefined` if none begins there. */
export type LengthAt = (bytes: Buffer, at: number) => number | undefined;

/** @returns `undefined` if the file is not bytecode of a kind in which a length precedes each string */
export function countedStrings(bytes: Buffer): LengthAt | undefined {
  if (isPython(bytes)) return lengthInPython;
  return isBytecodeScript(bytes) ? lengthInOcaml : undefined;
}

/**
 * True for a script whose first line is followed only by bytecode for its interpreter, such as OCaml's. Such a script may be edited: it
 * has no commands, which could rely on the number of bytes in the file. False for a script with an archive: archives have checksums.
 */
export function isBytecodeScript(bytes: Buffer): boolean {
  if (bytes.toString('latin1', 0, 2) !== '#!') return false;
  const end = bytes.subarray(0, FIRST_LINE).indexOf('\n');
  const code = bytes.subarray(end + 1, end + 1 + BEGINNING);
  const nul = code.indexOf(0);
  return end > 0 && nul >= 0 && !code.subarray(0, nul).includes('\n') && !isArchive(code);
}

/** Python bytecode begins with a 2-byte number and an end of line (CPython Lib/importlib/_bootstrap_external.py). */
function isPython(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/** A short string is preceded by `z` or `Z`, perhaps with the highest bit set, and by its length in one byte (CPython Python/marshal.c). */
function lengthInPython(bytes: Buffer, at: number): number | undefined {
  return at >= 2 && /[zZ]/.test(String.fromCharCode(bytes[at - 2] & 0x7f)) ? ofPaths(bytes, at, bytes[at - 1]) : undefined;
}

/** A string of up to 31 bytes is preceded by its length plus 32, a longer one by 9 and its length (OCaml runtime/caml/intext.h). */
function lengthInOcaml(bytes: Buffer, at: number): number | undefined {
  const before = at >= 2 ? bytes[at - 1] : 0;
  return bytes[at - 2] === 9 ? ofPaths(bytes, at, before) : (before & 0xe0) === 0x20 ? ofPaths(bytes, at, before & 0x1f) : undefined;
}

function ofPaths(bytes: Buffer, at: number, length: number): number | undefined {
  return OF_PATHS.test(bytes.toString('latin1', at, at + length)) && at + length <= bytes.length ? length : undefined;
}
