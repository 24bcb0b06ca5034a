/**
 * The class paths of Java archives, and the paths in their classes. Both are cached: they depend only on the root, and a layer may be
 * collected several times.
 */
import { isArchive } from '../../root/java-archive';
import { pathsInClasses } from '../../root/java-constants';
import { classPathOf } from '../../root/java-manifest';
import type { Root } from '../../root/root';
import { isStandardDirectory } from '../../root/standard';
import { cacheByRoot } from '../selection/cache-by-root';

const known = cacheByRoot<readonly string[]>();
const knownInClasses = cacheByRoot<readonly string[]>();

/** The paths in an archive's class path, as written: see java-manifest.ts. None for any other file. */
export function classPath(file: string, root: Root): readonly string[] {
  if (!file.endsWith('.jar') || !isArchive(root.content(file).head)) return [];
  return known(root, file, () => root.scan(file, classPathOf));
}

/** A path as written, and the path in the layer. */
type Moved = readonly (readonly [written: string, inLayer: string])[];

/**
 * The archives in the class path of an archive, with their paths in the layer. Relative paths are left out: they keep working.
 *
 * @param inLayer returns the path of a resolved file in the layer, `undefined` if it is not packed
 * @returns `undefined` if no path changes
 */
export function movedClassPath(file: string, root: Root, inLayer: (real: string) => string | undefined): Moved | undefined {
  return moved(classPath(file, root).filter((written) => written.startsWith('/')), root, inLayer);
}

/**
 * The paths in the classes of an archive, with their paths in the layer. Standard directories are left out: a program may look there for
 * files of the function.
 *
 * @param inLayer see `movedClassPath`
 * @returns `undefined` if no path changes
 */
export function movedConstants(file: string, root: Root, inLayer: (real: string) => string | undefined): Moved | undefined {
  if (!file.endsWith('.jar') || !isArchive(root.content(file).head)) return undefined;
  const written = knownInClasses(root, file, () => root.scan(file, pathsInClasses));
  return moved(written, root, (real) => (isStandardDirectory(real) ? undefined : inLayer(real)))
    ?.map(([from, to]) => [from, from.endsWith('/') ? `${to}/` : to] as const);
}

function moved(written: readonly string[], root: Root, inLayer: (real: string) => string | undefined): Moved | undefined {
  const pairs = written.flatMap((mentioned) => {
    const real = root.real(mentioned);
    const place = real === undefined ? undefined : inLayer(real);
    return place === undefined ? [] : [[mentioned, place] as const];
  });
  return pairs.length > 0 ? pairs : undefined;
}
