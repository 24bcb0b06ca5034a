/**
 * Paths that a command used in a layer, as paths of the source.
 */
import * as path from 'path';
import type { Plan } from '../plan/plan';
import { rootOf } from '../plan/plan';
import type { RootPath } from '../root/paths';
import { type Root } from '../root/root';

/** The complete layer, as a plan and as a directory, and the paths in it. */
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
      // a directory of the source has one place, and the files in it keep their names
      for (let [place, real] = [entry.path as string, entry.real as string]; path.posix.basename(place) === path.posix.basename(real); ) {
        [place, real] = [path.posix.dirname(place), path.posix.dirname(real)];
        if (place === '/' || real === '/' || this.directories.has(place)) break;
        this.directories.set(place, real);
      }
    }
    for (const entry of plan.entries) if (entry.kind === 'directory') this.directories.set(entry.path, entry.path as string);
  }

  /**
   * Finds the files and directories of the source that a path leads to in a layer: the one at its end, and files that are links in the
   * layer because another file has the same content.
   *
   * @param used an absolute path in the sandbox
   * @param layer the root directory of the sandbox, in which the layer is at `/opt`: the complete layer, or a part of it
   * @param key of that layer
   */
  public find(used: string, layer: Root, key: string): { readonly files: readonly RootPath[]; readonly directories: readonly RootPath[] } {
    const places = placesOf(used, layer).flatMap((found) => this.inComplete(found, rootOf(key)));
    return {
      files: places.flatMap((place) => this.files.get(place) ?? []),
      directories: places.flatMap((place) => this.directories.get(place) ?? []),
    };
  }

  /** The place below the mirrored root. A path outside of it is one of the source, which stayed as it is in the file that has it. */
  private inComplete(found: string, mirrored: string): string[] {
    for (const root of [mirrored, this.mirrored]) if (found.startsWith(`${root}/`)) return [found.slice(root.length)];
    return found.startsWith('/opt/') ? [] : [found];
  }
}

/** Where a path leads, with the links on the way. If nothing is there, the rest of the path follows its last directory. */
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
