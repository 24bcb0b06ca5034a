/**
 * Whose rules a program's loader follows. A root may have programs of either C library.
 */
import { GLIBC } from './glibc';
import { MUSL } from './musl';
import type { LoaderRules } from './search';

/** musl's loader is called `ld-musl-ARCH.so.1` wherever it is installed; any other, and none, counts as glibc's. */
const MUSL_NAME = /(?:^|\/)ld-musl-[^/]+$/;

/** @param interpreter the loader that a program names (PT_INTERP) */
export function rulesFor(interpreter: string | undefined): LoaderRules {
  return interpreter !== undefined && MUSL_NAME.test(interpreter) ? MUSL : GLIBC;
}
