/**
 * The class paths of Java archives, and the paths in their classes. They depend only on the root, and a layer may be collected several
 * times.
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
 * Where the archives in the class path of an archive are in the layer. Relative paths stay.
 *
 * @param inLayer returns the path of a resolved file in the layer, `undefined` if it is not packed
 * @returns `undefined` for none
 */
export function movedClassPath(file: string, root: Root, inLayer: (real: string) => string | undefined): Moved | undefined {
  return moved(classPath(file, root).filter((written) => written.startsWith('/')), root, inLayer);
}

/**
 * Where the paths in the classes of an archive are in the layer. Directories that every package uses stay: a program may look there for
 * files of the function.
 *
 * @param inLayer see `movedClassPath`
 * @returns `undefined` for none
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
