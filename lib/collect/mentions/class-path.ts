/**
 * The class paths of Java archives. They depend only on the root, and a layer may be collected several times.
 */
import { isArchive } from '../../root/java-archive';
import { classPathOf } from '../../root/java-manifest';
import type { Root } from '../../root/root';
import { cacheByRoot } from '../selection/cache-by-root';

const known = cacheByRoot<readonly string[]>();

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
