/**
 * Selects the loader rules for a program. A root may contain programs for both C libraries.
 */
import { GLIBC } from './glibc';
import { MUSL } from './musl';
import type { LoaderRules } from './search';

/** musl's loader is called `ld-musl-ARCH.so.1` everywhere; any other loader, or none, means glibc. */
const MUSL_NAME = /(?:^|\/)ld-musl-[^/]+$/;

/** @param interpreter the loader in the program's PT_INTERP */
export function rulesFor(interpreter: string | undefined): LoaderRules {
  return interpreter !== undefined && MUSL_NAME.test(interpreter) ? MUSL : GLIBC;
}
