/**
 * Absolute paths in the bytes of a file.
 *
 * A program finds its data by paths that were baked in when it was built. Nothing marks them; they
 * are runs of path characters that begin with `/` where a word begins.
 */

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
}

const MOST_CHARACTERS = 4096; // PATH_MAX
const SLASH = 0x2f;
const COLON = 0x3a;

/** Characters of a path. `:` ends one, so that a list falls into its parts; `%` too, so that a printf format gives its directory. */
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
const PREFIX = '/usr';

function isPrefix(bytes: Buffer, at: number): boolean {
  return at > 0 && bytes[at - 1] === 0 && bytes[at + PREFIX.length] === 0 && bytes.toString('latin1', at, at + PREFIX.length) === PREFIX;
}

/** Every absolute path of two components or more in the bytes, and each `PREFIX`, in the order of their offsets. */
export function findMentions(bytes: Buffer): Mention[] {
  const mentions: Mention[] = [];
  const end = bytes.length;
  // the search of Buffer is native, and most bytes are no `/`
  for (let next = 0, at; (at = bytes.indexOf(SLASH, next)) >= 0; ) {
    next = at + 1;
    if (at > 0 && WITHIN_A_WORD[bytes[at - 1]]) continue;
    const word = at;
    while (bytes[at + 1] === SLASH) at++;
    next = at + 1;
    if (at === word + 1 && bytes[word - 1] === COLON) continue; // `https://host/…`; of `file:///usr/…` the path is what begins at the third
    if (isPrefix(bytes, at)) mentions.push({ offset: at, path: PREFIX });
    if (isImmediate(bytes, at)) {
      next = at + IMMEDIATE;
      mentions.push({ offset: at, path: bytes.toString('latin1', at, next), code: Buffer.from(bytes.subarray(next, next + NEAR)) });
      continue;
    }
    let lastSlash = at;
    for (let code; next < end && next - at < MOST_CHARACTERS && PATH_CHARACTER[(code = bytes[next])]; next++) {
      if (code === SLASH) lastSlash = next;
    }
    if (lastSlash > at + 1) mentions.push({ offset: at, path: bytes.toString('latin1', at, next < end && UNKNOWN[bytes[next]] ? lastSlash + 1 : next) });
  }
  return mentions;
}
