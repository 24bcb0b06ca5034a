/**
 * `$ORIGIN`, `$LIB` and `$PLATFORM`, with or without braces, in library names and search paths.
 *
 * glibc elf/dl-load.c, _dl_dst_substitute. Unknown tokens are left unchanged.
 */

export interface Tokens {
  /** the directory of the object that contains the string */
  readonly ORIGIN: string;
  readonly LIB: string;
  readonly PLATFORM: string;
}

export function expandTokens(text: string, tokens: Tokens): string {
  return text.replace(
    /\$(?:\{(ORIGIN|LIB|PLATFORM)\}|(ORIGIN|LIB|PLATFORM)(?![A-Za-z0-9_]))/g,
    (_, braced, bare) => tokens[(braced ?? bare) as keyof Tokens],
  );
}
