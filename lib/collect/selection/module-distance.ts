/**
 * How far a module is from a script. A module has distance 0 if the script imports it, or if the script's package depends on it. The
 * dependencies of a module with distance 0 have distance 1 if a self-built script imports that module, and 2 if only the script's package
 * depends on it. Each further step adds 1.
 *
 * Packages declare dependencies for features that few scripts use: fonttools depends on SciPy, for example. So a module at distance 2 is
 * optional if it is large, and modules that are further away are always optional.
 */
import { MOST_BYTES } from '../../lambda';
import type { Package } from '../../packages/package';

/** Distance of the dependencies of a module that a self-built script imports. */
export const OF_IMPORTED_MODULE = 1;
/** Distance of the dependencies of a module that a script's package depends on. */
export const OF_DECLARED_MODULE = 2;

/** Minimum size of a large module, in bytes. */
const LARGE = MOST_BYTES / 10;

/** Used instead of a distance for a package that is not a module. It exceeds all distances in `Lacking`, so modules are compared first. */
export const PART_OF_DEPENDENCY = 3;

/** Packages that a layer lacks and without which programs may not start → distance of the module, or `PART_OF_DEPENDENCY`. */
export type Lacking = ReadonlyMap<Package, number>;

/**
 * Whether a layer lacks less than another. The nearest modules are compared first, because the dependencies of a module that is not packed
 * are not counted as lacking: a layer without a near module may seem to lack fewer distant ones.
 */
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

/** True for a module without which scripts rarely work. */
export function isEssential({ distance, bytes }: Sized): boolean {
  return distance <= OF_IMPORTED_MODULE || (distance === OF_DECLARED_MODULE && bytes < LARGE);
}

/** Modules with a lower rank are tried first. Large optional modules, and candidates that are not modules, have the last rank. */
export function rankOfModule({ distance, bytes }: Sized): number {
  return distance <= OF_IMPORTED_MODULE || bytes < LARGE ? distance : Infinity;
}
