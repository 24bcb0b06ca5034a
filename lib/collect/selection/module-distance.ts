/**
 * How far a module is from the script: 0 for a module that the script imports or depends on, and 1 for those on which a module depends that
 * a self-built script imports.
 *
 * Packages declare dependencies for features that few scripts use, such as fonttools that on SciPy. So the modules of modules count as
 * further away if only packages name them, and as optional if they are large.
 */
import { MOST_BYTES } from '../../lambda';
import type { Package } from '../../packages/package';

/** Distance of modules on which a module depends, if a self-built script imports that, and if the package of a script depends on it. */
export const OF_IMPORTED_MODULE = 1;
export const OF_DECLARED_MODULE = 2;

/** Bytes of a module that may be optional. */
const LARGE = MOST_BYTES / 10;

/** In place of a distance: a direct dependency that is not a module. A tight layer lacks some of its files, and may work. */
export const PART_OF_DEPENDENCY = 3;

/** Packages that programs may not start without, and that a layer lacks → distance of the module, or `PART_OF_DEPENDENCY`. */
export type Lacking = ReadonlyMap<Package, number>;

/** Whether a layer lacks less than another. A module that is not packed hides those on which it depends, so the nearest count first. */
export function lacksLess(one: Lacking, other: Lacking): boolean {
  const distances = [...new Set([...one.values(), ...other.values()])].sort((a, b) => a - b);
  const count = (lacking: Lacking, distance: number) => [...lacking.values()].filter((each) => each === distance).length;
  const deciding = distances.find((distance) => count(one, distance) !== count(other, distance));
  return deciding !== undefined && count(one, deciding) < count(other, deciding);
}

/** Whether a layer lacks a module. */
export function lacksModule(lacking: Lacking): boolean {
  return [...lacking.values()].some((distance) => distance !== PART_OF_DEPENDENCY);
}

interface Sized {
  readonly distance: number;
  readonly bytes: number;
}

/** Whether a script hardly ever works without a module. */
export function isEssential({ distance, bytes }: Sized): boolean {
  return distance <= OF_IMPORTED_MODULE || (distance === OF_DECLARED_MODULE && bytes < LARGE);
}

/** Modules with a lower rank are tried first, and before everything that is needed as much and is not a module. */
export function rankOfModule({ distance, bytes }: Sized): number {
  return distance <= OF_IMPORTED_MODULE || bytes < LARGE ? distance : Infinity;
}
