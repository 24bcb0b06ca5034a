/**
 * Absolute paths in the bytes of a file.
 *
 * A program finds its data by paths that were baked in when it was built. Nothing marks them; they
 * are runs of path characters that begin with `/` where a word begins.
 */

import { checkLimit, LIMITS } from '../limits';

export interface Mention {
  /** of the leading `/`, in bytes from the start of the file */
  readonly offset: number;
  /** as it stands there, a trailing `/` included; never longer than `MOST_CHARACTERS` */
  readonly path: string;
  /**
   * Where the path stands in an instruction of x86_64, which takes 8 bytes of it: what follows, in which the rest must be.
   * Compilers copy short strings so, in pieces (`movabs $0x6e6f662f6374652f,%rcx` is `/etc/fon`).
   */
  readonly code?: Buffer;
  /** Where a script joins the path from words, as in `File.join('/', 'var', 'lib')`: the offset of each word. */
  readonly words?: readonly number[];
  /** Where a script puts it together from a prefix and words behind that: there is nothing to replace. */
  readonly isUnwritten?: true;
}

/** Bytes of a text that tell it from data. */
const HEAD = 4096;
const MOST_CHARACTERS = 4096; // PATH_MAX
const SLASH = 0x2f;
const COLON = 0x3a;
const COMMA = 0x2c;
const EQUALS = 0x3d;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;

/** Characters of a path. `:` ends one, and `,` before another, so that a list falls into its parts; `%` too, so that a printf format gives its directory. */
const PATH_CHARACTER = characters(/[A-Za-z0-9._+@,~/-]/);
/** Characters after which `/` does not begin an absolute path: `dir/file`, `${DESTDIR}/usr`, `*​/`. */
const WITHIN_A_WORD = characters(/[A-Za-z0-9._+@~/)}\]*?%$\\-]/);

function characters(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Characters that make the component in which they stand unknown: of `/usr/lib/x/lib%s.so` only `/usr/lib/x/` is said. */
const UNKNOWN = characters(/[%*$?{[\\]/);

/** Bytes of a path that an instruction can hold. */
const IMMEDIATE = 8;
/** Bytes of code within which a string is put together. */
const NEAR = 96;

/** `movabs $imm64, %reg`: a REX.W prefix, an opcode from 0xb8 to 0xbf, 8 bytes. */
function isImmediate(bytes: Buffer, at: number): boolean {
  return at >= 2 && (bytes[at - 1] & 0xf8) === 0xb8 && (bytes[at - 2] & 0xfe) === 0x48 && /^\/[a-z]+\/[\w+.-]+$/.test(bytes.toString('latin1', at, at + IMMEDIATE));
}

/** The prefix that a program was configured with, to which it adds `/lib/…` or `/share/…` itself, when it is a string of its own. */
export const PREFIX = '/usr';

export function isPrefixMention({ path }: Mention): boolean {
  return path === PREFIX;
}

/** A string of its own, or what a setting is, as Qt's `qt_prfxpath=/usr`; in code, what is moved as a number of 4 bytes. */
function isPrefix(bytes: Buffer, at: number): boolean {
  if (at === 0 || bytes.toString('latin1', at, at + PREFIX.length) !== PREFIX) return false;
  const isString = (bytes[at - 1] === 0 || bytes[at - 1] === EQUALS) && bytes[at + PREFIX.length] === 0;
  return isString || isMoved(bytes, at);
}

/** `mov $imm32` of x86_64, to a register (b8 to bf) or to a place in memory (c7 with a ModRM byte, and what that takes behind it). */
function isMoved(bytes: Buffer, at: number): boolean {
  if ((bytes[at - 1] & 0xf8) === 0xb8 && bytes[at + PREFIX.length] !== SLASH) return true;
  return MOVES.some(({ length, modrm, mask }) => at >= length && bytes[at - length] === 0xc7 && (bytes[at - length + 1] & mask) === modrm);
}

/** By the addressing mode: bytes from the opcode to the number, and the ModRM byte, of which the register says nothing. */
const MOVES = [
  { length: 2, modrm: 0x00, mask: 0xf8 }, { length: 3, modrm: 0x04, mask: 0xff }, { length: 3, modrm: 0x40, mask: 0xf8 },
  { length: 4, modrm: 0x44, mask: 0xff }, { length: 6, modrm: 0x80, mask: 0xf8 }, { length: 7, modrm: 0x84, mask: 0xff },
];

/** `'/'` and the words behind it, in the quotes that every language with a function to join them has. */
const JOINED = /^(["'])\/\1((?:,[ \t]*\1[\w.+-]+\1)+)/;
/** Bytes within which they have to stand. */
const MOST_JOINED = 512;

/** `prefix, 'lib', 'rig'`, in the quotes likewise. */
const BEHIND_PREFIX = /\bprefix\s*,\s*(["'])(lib|libexec|share)\1((?:\s*,\s*\1[\w.+-]+\1)+)/g;

/** Of a text. */
function behindPrefix(bytes: Buffer): Mention[] {
  if (!bytes.includes('prefix,')) return [];
  return [...bytes.toString('latin1').matchAll(BEHIND_PREFIX)].map(({ index, 2: first, 3: rest }) => (
    { offset: index, path: [PREFIX, first, ...(rest.match(/[\w.+-]+/g) ?? [])].join('/'), isUnwritten: true }));
}

function joined(bytes: Buffer, at: number): Mention | undefined {
  if (at === 0 || bytes[at + 1] !== bytes[at - 1] || (bytes[at - 1] !== DOUBLE_QUOTE && bytes[at - 1] !== SINGLE_QUOTE)) return undefined;
  const [, , list] = JOINED.exec(bytes.toString('latin1', at - 1, at + MOST_JOINED)) ?? [];
  if (list === undefined) return undefined;
  const words = [...list.matchAll(/[\w.+-]+/g)];
  return words.length < 2 ? undefined : { offset: at, path: `/${words.join('/')}`, words: words.map(({ index }) => at + 2 + index) };
}

/** Bytecode of Python begins with a number of two bytes and an end of line (CPython Lib/importlib/_bootstrap_external.py). */
function isBytecode(bytes: Buffer): boolean {
  return bytes.length >= 4 && bytes[2] === 0x0d && bytes[3] === 0x0a;
}

/**
 * Whether bytecode has a string here: before a short one stand `z` or `Z`, the highest bit aside, and its length in a
 * byte, which may look like a part of a word (CPython Python/marshal.c).
 */
function isCounted(bytes: Buffer, at: number): boolean {
  const isShort = at >= 2 && /[zZ]/.test(String.fromCharCode(bytes[at - 2] & 0x7f));
  return isShort && bytes.subarray(at, at + bytes[at - 1]).every((byte) => PATH_CHARACTER[byte] || byte === COLON);
}

/**
 * Every absolute path of two components or more in the bytes, and each `PREFIX`, in the order of their offsets, except those that
 * are not written out.
 *
 * @param where names the file in errors
 * @throws LimitError
 */
export function findMentions(bytes: Buffer, where = 'a file'): Mention[] {
  const mentions: Mention[] = [];
  const end = bytes.length;
  const add = (mention: Mention) => checkLimit(LIMITS.mentions, mentions.push(mention), where);
  if (bytes.subarray(0, HEAD).indexOf(0) < 0) for (const mention of behindPrefix(bytes)) add(mention);
  const counts = isBytecode(bytes);
  // the search of Buffer is native, and most bytes are no `/`
  for (let next = 0, at; (at = bytes.indexOf(SLASH, next)) >= 0; ) {
    next = at + 1;
    if (at > 0 && WITHIN_A_WORD[bytes[at - 1]] && !(counts && isCounted(bytes, at))) continue;
    const word = at;
    while (bytes[at + 1] === SLASH) at++;
    next = at + 1;
    if (at === word + 1 && bytes[word - 1] === COLON) continue; // `https://host/…`; of `file:///usr/…` the path is what begins at the third
    if (isPrefix(bytes, at)) add({ offset: at, path: PREFIX });
    if (isImmediate(bytes, at)) {
      next = at + IMMEDIATE;
      add({ offset: at, path: bytes.toString('latin1', at, next), code: Buffer.from(bytes.subarray(next, next + NEAR)) });
      continue;
    }
    const inWords = joined(bytes, at);
    if (inWords) add(inWords);
    let lastSlash = at;
    for (let code; next < end && next - at < MOST_CHARACTERS && PATH_CHARACTER[(code = bytes[next])]; next++) {
      if (code === SLASH) lastSlash = next;
      if (code === COMMA && bytes[next + 1] === SLASH) break;
    }
    if (lastSlash > at + 1) add({ offset: at, path: bytes.toString('latin1', at, next < end && UNKNOWN[bytes[next]] ? lastSlash + 1 : next) });
  }
  return mentions;
}
