/**
 * Opens roots by their location, which is text, so that one process can pass it to another.
 */
import { DirectoryRoot } from './directory-root';
import type { Root } from './root';

/** @param location an absolute directory with its links resolved */
export function openRoot(location: string): Root {
  return new DirectoryRoot(location);
}
