/**
 * Translates paths that a command used in a layer to paths of the source.
 */
import * as path from 'path';
import type { Plan } from '../plan/layout/plan';
import { rootOf } from '../plan/layout/plan';
import type { RootPath } from '../root/paths';
import { type Root } from '../root/root';

/** The source paths of the files and directories in the complete layer. */
export class LayerPaths {
  /** place below the mirrored root → resolved path in the source */
  private readonly files = new Map<string, RootPath>();
  private readonly directories = new Map<string, RootPath>();
  private readonly mirrored: string;

  /** @param plan of the complete layer */
  constructor(plan: Plan) {
    this.mirrored = rootOf(plan.key);
    for (const entry of plan.entries) {
      if (entry.kind !== 'file') continue;
      this.files.set(entry.path, entry.real);
      // all files of a source directory are in the same directory of the layer, under the same names
      for (let [place, real] = [entry.path as string, entry.real as string]; path.posix.basename(place) === path.posix.basename(real); ) {
        [place, real] = [path.posix.dirname(place), path.posix.dirname(real)];
        if (place === '/' || real === '/' || this.directories.has(place)) break;
        this.directories.set(place, real);
      }
    }
    for (const entry of plan.entries) if (entry.kind === 'directory') this.directories.set(entry.path, entry.path as string);
  }

  /**
   * Finds the files and directories of the source that a path leads to in a layer: its target, and the source files of the
   * links on the way. A file of the source can be a link in a layer, if another file has the same content.
   *
   * @param used an absolute path in the sandbox
   * @param layer the root directory of the sandbox, in which the layer is at `/opt`: the complete layer, or a part of it
   * @param key of that layer
   */
  public find(used: string, layer: Root, key: string): { readonly files: readonly RootPath[]; readonly directories: readonly RootPath[] } {
    const places = placesOf(used, layer).flatMap((place) => this.inComplete(place, rootOf(key)));
    return {
      files: places.flatMap((place) => this.files.get(place) ?? []),
      directories: places.flatMap((place) => this.directories.get(place) ?? []),
    };
  }

  /**
   * The place below the mirrored root. A path outside of the layer is returned as it is: it is a source path that was not replaced in the
   * file that mentions it.
   */
  private inComplete(place: string, mirrored: string): string[] {
    for (const root of [mirrored, this.mirrored]) if (place.startsWith(`${root}/`)) return [place.slice(root.length)];
    return place.startsWith('/opt/') ? [] : [place];
  }
}

/** The links on a path, and its target. If the path does not exist, its nearest existing parent directory is resolved. */
function placesOf(used: string, layer: Root): string[] {
  const { real, links } = layer.resolve(used);
  const crossed = links.map((link) => link.path);
  if (real !== undefined) return [...crossed, real];
  const rest: string[] = [];
  for (let at = used; at !== '/'; at = path.posix.dirname(at)) {
    const directory = layer.real(at);
    if (directory !== undefined) return [...crossed, path.posix.join(directory, ...rest)];
    rest.unshift(path.posix.basename(at));
  }
  return [...crossed, used];
}
