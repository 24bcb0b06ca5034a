/**
 * Globs of paths, in the syntax of picomatch. Wildcards also match names that start with a dot.
 *
 * The library is loaded with the first glob: most layers have none.
 */
/* eslint-disable @typescript-eslint/no-require-imports */
const library = () => require('picomatch') as typeof import('picomatch');

export function pathGlob(glob: string): (path: string) => boolean {
  return library()(glob, { dot: true });
}

/** The path before the first component with a special character; `undefined` if the glob has no special character. */
export function startOfGlob(glob: string): string | undefined {
  const { base, isGlob } = library().scan(glob);
  return isGlob ? base : undefined;
}
