/**
 * A cache for values that are derived from the files of a root. It is freed with the root.
 */
import { valueOf } from '../../packages/package';
import type { Root } from '../../root/root';

/** @returns a function that returns the value for a key, and calls `make` the first time */
export function cacheByRoot<V>(): (root: Root, key: string, make: () => V) => V {
  const roots = new WeakMap<Root, Map<string, V>>();
  return (root, key, make) => {
    const values = roots.get(root) ?? new Map<string, V>();
    roots.set(root, values);
    return valueOf(values, key, make);
  };
}
