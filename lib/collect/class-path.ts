/**
 * The class paths of Java archives. They depend only on the root, and a layer may be collected several times.
 */
import { cacheByRoot } from './cache-by-root';
import { isArchive } from '../root/java-archive';
import { classPathOf } from '../root/java-manifest';
import type { Root } from '../root/root';

const known = cacheByRoot<readonly string[]>();

/** The paths in an archive's class path, as written: see java-manifest.ts. None for any other file. */
export function classPath(file: string, root: Root): readonly string[] {
  if (!file.endsWith('.jar') || !isArchive(root.content(file).head)) return [];
  return known(root, file, () => root.scan(file, classPathOf));
}
