/**
 * Colours for terminals: https://no-color.org, https://force-color.org
 */
import type { WriteStream } from 'tty';
import { createColors } from 'picocolors';

/** Colours for a stream; none if it is not a terminal, unless the environment overrides that. */
export function colours(stream: { readonly isTTY?: boolean } & Partial<WriteStream>): ReturnType<typeof createColors> {
  const { NO_COLOR, FORCE_COLOR, TERM } = process.env;
  if (NO_COLOR) return createColors(false);
  if (FORCE_COLOR) return createColors(FORCE_COLOR !== '0' && FORCE_COLOR !== 'false');
  return createColors(stream.isTTY === true && TERM !== 'dumb');
}
