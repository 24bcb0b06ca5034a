/**
 * The order in which a layer is filled, and how much one path mention may add.
 *
 * A layer must not depend on what else is installed. So packages that the requested ones neither depend on nor recommend come last, and
 * get the room that is left.
 */
import type { Package } from '../../packages/package';

/**
 * How much programs need a file, the greatest need first:
 * - `needed`: libraries, files that the user names, data of the requested packages, and files of their direct dependencies that the
 *   requested packages mention;
 * - `mentioned`: files of other dependencies that the requested packages mention, files that other packed files mention, and modules that
 *   other modules depend on;
 * - `recommended`: data of packages that are usually installed with the requested ones;
 * - `add-on`: data of any other package, such as a module for an interpreter.
 *
 * In a tight layer (see `collect`), direct dependencies and the packages of commands that programs start are not `needed`.
 */
export const NEEDS = ['needed', 'mentioned', 'recommended', 'add-on'] as const;

export type Need = typeof NEEDS[number];

/** Maximum number of bytes that one path mention may add: data, and plug-ins with the libraries that they need. */
export interface Limit {
  readonly data: number;
  readonly plugIns: number;
}

/** True if something can be packed along with a path: it is needed at least as much as the path, and it is not from a different add-on. */
export function isAsNecessary(need: Need, owner: Package | undefined, than: Need, ownerOfPath: Package | undefined): boolean {
  return NEEDS.indexOf(need) <= NEEDS.indexOf(than) && (need !== 'add-on' || owner === ownerOfPath);
}

const MB = 1024 * 1024;

/**
 * For mentions in files of packages that are not requested. Measured on Debian 12: fonts, character maps, map projections and the modules
 * of most libraries are below these limits; drivers of graphics hardware, which Lambda does not have, are above them.
 */
export const BY_OTHERS: Limit = { data: 32 * MB, plugIns: 8 * MB };

/** For mentions in files of a package that is not requested, if the path is from the same source package: a module of a library, say. */
export const BY_SIBLINGS: Limit = { data: 64 * MB, plugIns: 64 * MB };

/** For paths that requested packages mention, if they are in packages that the requested ones only recommend. */
export const RECOMMENDED: Limit = { data: 12 * 1000 * 1000, plugIns: 8 * MB };

/**
 * For an add-on with the libraries that it needs: half of a layer. Without a limit, other installed packages would decide whether a very
 * large add-on fits. On machines where it fits, it would leave no room for the other add-ons.
 */
export const ADD_ON: Limit = { data: 128 * MB, plugIns: 128 * MB };

/** For optional commands: only the room in the layer limits them. */
export const NO_LIMIT: Limit = { data: Infinity, plugIns: Infinity };

/** Bytes of a layer that stay free for everything that `Room` does not count, such as links. */
export const RESERVE = 1_000_000;

/** Measured size of a file's line in the record of the layer, in bytes. */
export const RECORD_LINE = 200;
