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

/**
 * Where the archives in the class path of an archive are in the layer. Relative paths stay.
 *
 * @param inLayer returns the path of a resolved file in the layer, `undefined` if it is not packed
 * @returns pairs of a path as written and the path in the layer; `undefined` for none
 */
export function movedClassPath(
  file: string,
  root: Root,
  inLayer: (real: string) => string | undefined,
): (readonly [written: string, inLayer: string])[] | undefined {
  const moved = classPath(file, root).filter((written) => written.startsWith('/')).flatMap((written) => {
    const real = root.real(written);
    const place = real === undefined ? undefined : inLayer(real);
    return place === undefined ? [] : [[written, place] as const];
  });
  return moved.length > 0 ? moved : undefined;
}

/**
 * Where the paths in the classes of an archive are in the layer. Directories that every package uses stay: a program may look there for
 * files of the function.
 *
 * @param inLayer see `movedClassPath`
 * @returns pairs of a path as written and the path in the layer; `undefined` for none
 */
export function movedConstants(
  file: string,
  root: Root,
  inLayer: (real: string) => string | undefined,
): (readonly [written: string, inLayer: string])[] | undefined {
  if (!file.endsWith('.jar') || !isArchive(root.content(file).head)) return undefined;
  const written = knownInClasses(root, file, () => root.scan(file, pathsInClasses));
  const moved = written.flatMap((mentioned) => {
    const real = root.real(mentioned);
    const place = real === undefined || isStandardDirectory(real) ? undefined : inLayer(real);
    return place === undefined ? [] : [[mentioned, mentioned.endsWith('/') ? `${place}/` : place] as const];
  });
  return moved.length > 0 ? moved : undefined;
}
