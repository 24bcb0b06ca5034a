/**
 * The paths in a Java archive that are replaced. In its manifest, these are the paths of other archives. Paths in its classes are replaced
 * only if the archive belongs to the source package of a requested program, or if neither the archive nor a program has a package.
 * The classes of other archives are not unpacked: unpacking all of them would take longer than everything else.
 */
import type { Program } from '../../closure/find';
import { movedClassPath, movedConstants } from '../../collect/mentions/class-path';
import type { PackageDatabase } from '../../packages/package';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { Edits } from '../layout/plan';

/** @param inLayer returns the path of a resolved file in the layer, `undefined` if it is not packed */
export function archivePaths(
  real: RootPath,
  programs: Iterable<Program>,
  { root, packages }: { readonly root: Root; readonly packages: PackageDatabase },
  inLayer: (real: RootPath) => string | undefined,
): Pick<Edits, 'classPath' | 'constants'> {
  if (!real.endsWith('.jar')) return {};
  const source = packages.ownerOf(real)?.source;
  const isOfProgram = [...programs].some((program) => packages.ownerOf(program.real)?.source === source);
  return { classPath: movedClassPath(real, root, inLayer), constants: isOfProgram ? movedConstants(real, root, inLayer) : undefined };
}
