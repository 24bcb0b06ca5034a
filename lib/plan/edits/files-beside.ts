/**
 * Files that programs look for beside a mentioned file: those whose names begin with the name of the mentioned file, and those that are
 * named in its text. If an alias replaces the path of the mentioned file, these files need links beside the alias, in `/opt`.
 */
import * as path from 'path';
import type { Root } from '../../root/root';
import { isStandardDirectory } from '../../root/standard';
import type { Alias } from '../layout/alias';
import { isReserved } from '../layout/alias';

/** The files of a layer. */
interface LayerFiles {
  readonly root: Root;
  isPacked(file: string): boolean;
  hasPlace(file: string): boolean;
  placeOf(file: string): string;
}

export function filesBeside(base: string, layer: LayerFiles): Pick<Alias, 'siblings' | 'beside'> {
  return { siblings: extending(base, layer), beside: namedIn(base, layer) };
}

/** Files whose names a program may build from the mentioned one: it mentions `magic` and opens `magic.mgc`. */
function extending(base: string, layer: LayerFiles): Alias['siblings'] {
  const parent = layer.root.real(path.posix.dirname(base));
  if (parent === undefined) return undefined;
  const prefix = `${path.posix.basename(base)}.`;
  return places(parent, (name) => name.startsWith(prefix), (name) => name.slice(prefix.length - 1), layer);
}

/**
 * Files that a configuration file in a standard directory names without a directory, such as `Include: rig-site.cfg`. Any other directory
 * has an alias as a whole, so its files stay beside each other.
 */
function namedIn(base: string, layer: LayerFiles): Alias['beside'] {
  const { root } = layer;
  const parent = path.posix.dirname(base);
  const real = root.file(base);
  if (real === undefined || !isStandardDirectory(parent) || root.content(real).kind !== 'text') return undefined;
  const words = new Set(root.scan(real, (bytes) => bytes.toString('latin1')).split(/[^\w.+/-]+/));
  const isNamed = (name: string) => name.includes('.') && words.has(name) && !isReserved(name);
  return places(parent, (name) => isNamed(name) && name !== path.posix.basename(base), (name) => name, layer);
}

function places(
  parent: string,
  isFound: (name: string) => boolean,
  nameOf: (name: string) => string,
  layer: LayerFiles,
): Readonly<Record<string, string>> | undefined {
  const files = layer.root.names(parent).filter(isFound).map((name) => path.posix.join(parent, name));
  const found = files.filter((file) => layer.isPacked(file) && layer.hasPlace(file));
  return found.length === 0 ? undefined : Object.fromEntries(found.map((file) => [nameOf(path.posix.basename(file)), layer.placeOf(file)]));
}
