/**
 * Path mentions: absolute paths in the bytes of a file.
 *
 * A program finds its data by paths that were compiled into it. Nothing marks them: they are sequences of path characters that
 * begin with `/` at the beginning of a word.
 */
import { countedStrings } from './counted-strings';
import { checkLimit, LIMITS } from '../limits';

interface Located {
  /** offset of the leading `/` in the file, in bytes */
  readonly offset: number;
  /** unchanged, with a trailing `/` if it has one; at most `MOST_CHARACTERS` */
  readonly path: string;
}

export type PathMention =
  /**
   * The whole path is in the file. If code loads its beginning in pieces of 16 bytes, `head` is that beginning, and the rest may be in
   * the code: see `findPieces`. `isCounted` is set in programs that count the characters of their strings: see counted-paths.ts.
   */
  | Located & { readonly kind: 'whole'; readonly head?: string; readonly isCounted?: true }
  /** One of `PREFIXES`, which the program extends at run time. */
  | Located & { readonly kind: 'prefix' }
  /**
   * `path` has only the first 8 bytes, in an instruction of x86_64; the rest is in the `code` that follows. Compilers copy short strings in
   * pieces: `movabs $0x6e6f662f6374652f,%rcx` is `/etc/fon`.
   */
  | Located & { readonly kind: 'instruction'; readonly code: Buffer }
  /** A script joins the path from words, as in `File.join('/', 'var', 'lib')`. `words` has the offset of each. */
  | Located & { readonly kind: 'words'; readonly words: readonly number[] }
  /** A script builds the path from a variable `prefix` and words. The file has no bytes to replace. */
  | Located & { readonly kind: 'computed' };

/** Number of bytes at the beginning of a file. If one of them is NUL, the file is not a text. */
const HEAD = 4096;
const MOST_CHARACTERS = 4096; // PATH_MAX
const SPACE = 0x20;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;
const DOT = 0x2e;
const EQUALS = 0x3d;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const FIRST_NON_ASCII = 0x80;

/**
 * Characters of a path. `:` ends a path, and so does `,` before another path: both separate the paths of a list. `%` ends a path as well: a
 * printf format mentions only the directory.
 */
const PATH_CHARACTER = characters(/[A-Za-z0-9._+@,~/-]/);
/** Characters after which `/` is not the beginning of an absolute path: `dir/file`, `${DESTDIR}/usr`, `*​/`. */
const WITHIN_A_WORD = characters(/[A-Za-z0-9._+@~/)}\]*?%$\\-]/);
/** Characters that make a component unknown: `/usr/lib/x/lib%s.so` mentions only `/usr/lib/x/`. */
const UNKNOWN = characters(/[%*$?{[\\]/);

/** @param code `undefined` past the end of a file */
export function isPathCharacter(code: number | undefined): boolean {
  return code !== undefined && PATH_CHARACTER[code] === 1;
}

/** True for a character after which `/` is not the beginning of an absolute path. */
export function isInsideWord(code: number): boolean {
  return WITHIN_A_WORD[code] === 1;
}

function characters(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Number of bytes of a path that fit into an instruction. */
const IMMEDIATE = 8;
/** Number of bytes of code in which the rest of such a path is expected. */
const NEAR = 96;

/** `movabs $imm64, %reg`: a REX.W prefix, an opcode from 0xb8 to 0xbf, 8 bytes. */
function isImmediate(bytes: Buffer, at: number): boolean {
  const isMove = at >= 2 && (bytes[at - 1] & 0xf8) === 0xb8 && (bytes[at - 2] & 0xfe) === 0x48;
  return isMove && /^\/[a-z]+\/[\w+.-]+$/.test(bytes.toString('latin1', at, at + IMMEDIATE));
}

/** The installation prefix, to which a program adds `/lib/…` or `/share/…`, and the directory of its configuration files. */
const PREFIXES = ['/usr', '/etc'];
/** Length of each prefix. */
const PREFIX_LENGTH = 4;
/** The bytes of each prefix as a number: to compare strings at each `/` would take a fifth of the time of the search. */
const PREFIX_NUMBERS = PREFIXES.map((prefix) => Buffer.from(prefix).readUInt32LE());

/** An assignment to a shell script's variable. */
const ASSIGNED = Buffer.from('prefix=');
/** Characters that end the value of such a variable. */
const BEHIND_ASSIGNED = '\n\r ;'.split('').map((character) => character.charCodeAt(0));

/** True if `/usr` is the whole value of a variable in a script: `$prefix = "/usr"`, or `"\/usr"` where a program has escaped the slash. */
function isQuotedPrefix(bytes: Buffer, at: number): boolean {
  let before = bytes[at - 1] === BACKSLASH ? at - 2 : at - 1;
  const quote = bytes[before];
  if ((quote !== DOUBLE_QUOTE && quote !== SINGLE_QUOTE) || bytes[at + PREFIX_LENGTH] !== quote) return false;
  if (bytes.toString('latin1', at, at + PREFIX_LENGTH) !== PREFIXES[0]) return false;
  do before--; while (bytes[before] === SPACE);
  return bytes[before] === EQUALS;
}

/**
 * True if one of `PREFIXES` is a separate string, the value of a setting such as Qt's `qt_prfxpath=/usr`, the value of a variable in a
 * script, or a 4-byte number in code.
 */
function isPrefix(bytes: Buffer, at: number): boolean {
  if (at === 0 || at + PREFIX_LENGTH > bytes.length || !PREFIX_NUMBERS.includes(bytes.readUInt32LE(at))) return false;
  if (isQuotedPrefix(bytes, at)) return true;
  const before = bytes[at - 1];
  const isString = (before === 0 || before === EQUALS || before >= FIRST_NON_ASCII) && bytes[at + PREFIX_LENGTH] === 0;
  const isAssigned = before === EQUALS && BEHIND_ASSIGNED.includes(bytes[at + PREFIX_LENGTH]);
  return isString || (isAssigned && bytes.subarray(Math.max(at - ASSIGNED.length, 0), at).equals(ASSIGNED)) || isMoved(bytes, at);
}

/** `mov $imm32` of x86_64: to a register (b8 to bf), or to memory (c7, a ModRM byte, and its address). */
function isMoved(bytes: Buffer, at: number): boolean {
  if ((bytes[at - 1] & 0xf8) === 0xb8 && bytes[at + PREFIX_LENGTH] !== SLASH) return true;
  return MOVES.some(({ length, modrm, mask }) => at >= length && bytes[at - length] === 0xc7 && (bytes[at - length + 1] & mask) === modrm);
}

/** For each addressing mode, the distance from the opcode to the number, and the ModRM byte without its register. */
const MOVES = [
  { length: 2, modrm: 0x00, mask: 0xf8 }, { length: 3, modrm: 0x04, mask: 0xff }, { length: 3, modrm: 0x40, mask: 0xf8 },
  { length: 4, modrm: 0x44, mask: 0xff }, { length: 6, modrm: 0x05, mask: 0xff }, { length: 6, modrm: 0x80, mask: 0xf8 },
  { length: 7, modrm: 0x84, mask: 0xff },
];

/** `'/'` and words in quotes: the arguments of a function that joins a path, in any language. */
const JOINED = /^(["'])\/\1((?:,[ \t]*\1[\w.+-]+\1)+)/;
/** Number of bytes in which the words are expected. */
const MOST_JOINED = 512;

/** `prefix, 'lib', 'rig'`: a variable and words in quotes, the arguments of a function that joins a path. */
const BEHIND_PREFIX = /\bprefix\s*,\s*(["'])(lib|libexec|share)\1((?:\s*,\s*\1[\w.+-]+\1)+)/g;

function behindPrefix(text: Buffer): PathMention[] {
  if (!text.includes('prefix,')) return [];
  return [...text.toString('latin1').matchAll(BEHIND_PREFIX)].map(({ index, 2: first, 3: rest }) => (
    { kind: 'computed', offset: index, path: ['/usr', first, ...(rest.match(/[\w.+-]+/g) ?? [])].join('/') }));
}

function joined(bytes: Buffer, at: number): PathMention | undefined {
  if (at === 0 || bytes[at + 1] !== bytes[at - 1] || (bytes[at - 1] !== DOUBLE_QUOTE && bytes[at - 1] !== SINGLE_QUOTE)) return undefined;
  const [, , list] = JOINED.exec(bytes.toString('latin1', at - 1, at + MOST_JOINED)) ?? [];
  if (list === undefined) return undefined;
  const words = [...list.matchAll(/[\w.+-]+/g)];
  if (words.length < 2 || /^\.\.?$/.test(words[0][0])) return undefined;
  return { kind: 'words', offset: at, path: `/${words.join('/')}`, words: words.map(({ index }) => at + 2 + index) };
}

/** Last bytes of floating-point numbers: between 2^-15 and 2^17 in double precision, between 0.5 and 8 in single precision. */
const EXPONENTS = [0x3f, 0x40];
/** Bytes that no text has. */
const NOT_TEXT = /[^\t\n\r\x20-\x7e]/;

/** True if a number ends here: a string may directly follow a numeric constant, whose last bytes may look like text (`R@` in 72.0). */
function isBehindNumber(bytes: Buffer, at: number): boolean {
  if (!EXPONENTS.includes(bytes[at - 1])) return false;
  return [8, 4].some((size) => at >= size && at % size === 0 && NOT_TEXT.test(bytes.toString('latin1', at - size, at)));
}

/**
 * True if the first component is `.` or `..`. `/../x` is the end of a path, not an absolute one: `__DIR__ . '/../x'` in PHP,
 * `__dirname + '/../x'` in JavaScript.
 */
function isRelative(bytes: Buffer, at: number): boolean {
  if (bytes[at + 1] !== DOT) return false;
  const end = bytes[at + 2] === DOT ? at + 3 : at + 2;
  return bytes[end] === SLASH || !PATH_CHARACTER[bytes[end] ?? 0];
}

/** Number of bytes that code copies at once. */
export const PIECE = 16;

/** A piece that may be the beginning of a path. */
const PIECE_OF_PATH = /^\/(?:etc|usr|var|opt|srv)\/[\w+.@,~/-]+$/;

/**
 * Finds sequences of 16-byte pieces that may be the beginning of a path, even inside a word: linkers put the pieces of all string
 * constants next to each other. Only the code shows which pieces it loads: see `findVectorLoads`.
 *
 * @returns offset of the first piece → number of pieces
 */
export function findPieces(bytes: Buffer): Map<number, number> {
  const found = new Map<number, number>();
  for (let at = 0; at + PIECE <= bytes.length; at += PIECE) {
    if (bytes[at] !== SLASH || !PIECE_OF_PATH.test(bytes.toString('latin1', at, at + PIECE))) continue;
    let end = at + PIECE;
    while (end - at < MOST_CHARACTERS && PATH_CHARACTER[bytes[end] ?? 0]) end++;
    found.set(at, Math.floor((end - at) / PIECE));
  }
  return found;
}

/**
 * Finds every absolute path of two or more components and each of `PREFIXES`, in the order of their offsets; computed paths come first.
 *
 * @param where names the file in errors
 * @throws LimitError
 */
export function findMentions(bytes: Buffer, where = 'a file'): PathMention[] {
  const mentions: PathMention[] = [];
  const end = bytes.length;
  const add = (mention: PathMention) => checkLimit(LIMITS.mentions, mentions.push(mention), where);
  if (bytes.subarray(0, HEAD).indexOf(0) < 0) for (const mention of behindPrefix(bytes)) add(mention);
  const lengthAt = countedStrings(bytes);
  // `indexOf` of Buffer is native code, which skips the many bytes that are not `/` quickly
  for (let next = 0, at; (at = bytes.indexOf(SLASH, next)) >= 0; ) {
    next = at + 1;
    const length = lengthAt?.(bytes, at);
    const isWithinWord = at > 0 && WITHIN_A_WORD[bytes[at - 1]] && length === undefined;
    if (isWithinWord && !isBehindNumber(bytes, at) && !isQuotedPrefix(bytes, at)) continue;
    // in bytecode, the byte after a string may look like one of its characters
    const limit = length === undefined ? end : at + length;
    const word = at;
    while (bytes[at + 1] === SLASH) at++;
    next = at + 1;
    if (at === word + 1 && bytes[word - 1] === COLON) continue; // `https://host/…`; in `file:///usr/…`, the path begins at the third `/`
    if (isRelative(bytes, at)) {
      while (next < end && PATH_CHARACTER[bytes[next]]) next++;
      continue;
    }
    if (isPrefix(bytes, at)) add({ kind: 'prefix', offset: at, path: bytes.toString('latin1', at, at + PREFIX_LENGTH) });
    if (isImmediate(bytes, at)) {
      next = at + IMMEDIATE;
      const code = Buffer.from(bytes.subarray(next, next + NEAR));
      add({ kind: 'instruction', offset: at, path: bytes.toString('latin1', at, next), code });
      continue;
    }
    const inWords = joined(bytes, at);
    if (inWords) add(inWords);
    let lastSlash = at;
    for (let code; next < limit && next - at < MOST_CHARACTERS && PATH_CHARACTER[(code = bytes[next])]; next++) {
      if (code === SLASH) lastSlash = next;
      if (code === COMMA && bytes[next + 1] === SLASH) break;
    }
    const endOfPath = next < limit && UNKNOWN[bytes[next]] ? lastSlash + 1 : next;
    if (lastSlash > at + 1) add({ kind: 'whole', offset: at, path: bytes.toString('latin1', at, endOfPath) });
  }
  return mentions;
}
