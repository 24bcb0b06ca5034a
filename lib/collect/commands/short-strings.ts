/**
 * The strings of an object that may be names or command lines. Two rules need them, and an object may have hundreds of megabytes, so it is
 * searched only once.
 */
import { type Elf, stringsOf } from '../../elf';

/** Maximum length of a command line. */
const MOST_CHARACTERS = 200;
/** Maximum length of the name of a character set. */
const MOST_IN_NAME = 24;

/** For each byte: 1 if the name of a command may contain it. */
export const IN_WORD = Uint8Array.from({ length: 256 }, (_, code) => (/[\w.+-]/.test(String.fromCharCode(code)) ? 1 : 0));
const SPACE = 0x20;
const HYPHEN = 0x2d;
const SLASH = 0x2f;
const QUOTES: readonly number[] = [0x22, 0x27];

/** result for the object that was searched last */
let last: { readonly elf: Elf; readonly strings: ReadonlySet<string> } | undefined;

/**
 * All strings that are as short as a name, and longer ones that may be command lines.
 *
 * @param scan calls a function with the bytes of the object
 */
export function shortStrings(elf: Elf, scan: <T>(use: (bytes: Buffer) => T) => T): ReadonlySet<string> {
  if (last?.elf !== elf) {
    const isShort = (bytes: Buffer, start: number, end: number) => end - start <= MOST_IN_NAME || mayBeCommand(bytes, start, end);
    last = { elf, strings: scan((bytes) => stringsOf(bytes, elf, MOST_CHARACTERS, isShort)) };
  }
  return last.strings;
}

/** Whether a pattern in command-words.ts may match a string. Most other strings are messages, which begin with several words. */
function mayBeCommand(bytes: Buffer, start: number, end: number): boolean {
  if (!IN_WORD[bytes[start]]) return true;
  let at = start;
  while (at < end && IN_WORD[bytes[at]]) at++;
  if (at === end || QUOTES.includes(bytes[at])) return true;
  if (bytes[at] === SPACE) {
    while (at < end && bytes[at] === SPACE) at++;
    return !IN_WORD[bytes[at]] || bytes[at] === HYPHEN;
  }
  const rest = bytes.subarray(at, end);
  return rest.includes(SLASH) && !rest.includes(SPACE);
}
