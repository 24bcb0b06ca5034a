/**
 * Opens roots by their location, which is text, so that one process can pass it to another.
 */
import { DirectoryRoot } from './directory-root';
import type { Root } from './root';
import { LIMITS } from '../limits';

/**
 * @param location an absolute directory with its links resolved
 * @param compress whether files may be larger than a layer, because they may be stored compressed
 */
export function openRoot(location: string, compress = false): Root {
  return new DirectoryRoot(location, undefined, undefined, undefined, compress ? LIMITS.fileToCompress : LIMITS.file);
}
