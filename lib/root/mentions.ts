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
}

const MOST_CHARACTERS = 4096; // PATH_MAX
const SLASH = 0x2f;

/** Characters of a path. `:` ends one, so that a list falls into its parts; `%` too, so that a printf format gives its directory. */
const PATH_CHARACTER = characters(/[A-Za-z0-9._+@,~/-]/);
/** Characters after which `/` does not begin an absolute path: `dir/file`, `${DESTDIR}/usr`, `file://`, `*​/`. */
const WITHIN_A_WORD = characters(/[A-Za-z0-9._+@~/)}\]*?%$\\-]/);

function characters(pattern: RegExp): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
}

/** Characters that make the component in which they stand unknown: of `/usr/lib/x/lib%s.so` only `/usr/lib/x/` is said. */
const UNKNOWN = characters(/[%*$?{[<\\]/);

/** Every absolute path of two components or more in the bytes, in the order of their offsets. */
export function findMentions(bytes: Buffer): Mention[] {
  const mentions: Mention[] = [];
  const end = bytes.length;
  for (let at = 0; at < end; at++) {
    if (bytes[at] !== SLASH || (at > 0 && WITHIN_A_WORD[bytes[at - 1]])) continue;
    let stop = at + 1;
    let lastSlash = at;
    for (let code; stop < end && stop - at < MOST_CHARACTERS && PATH_CHARACTER[(code = bytes[stop])]; stop++) {
      if (code === SLASH) lastSlash = stop;
    }
    const until = stop < end && UNKNOWN[bytes[stop]] ? lastSlash + 1 : stop;
    if (lastSlash > at + 1) mentions.push({ offset: at, path: bytes.toString('latin1', at, until) });
    at = stop - 1;
  }
  return mentions;
}
