/**
 * What the commands of a workload use of a layer.
 */
import type { LayerPaths } from './layer-paths';
import { OPT } from '../lambda';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';
import type { Trace } from '../trace/log';

/** Resolved paths of the source. */
export class Usage {
  /** files that a command opened, executed or looked at */
  public readonly files = new Set<RootPath>();
  /** likewise directories, and those whose entries were read */
  public readonly directories = new Set<RootPath>();
  /** paths outside the layer that a command used in the complete layer: it does without the layer's files of the same path */
  private readonly outside = new Set<string>();

  /**
   * Adds what one command used.
   *
   * @param layer see `LayerPaths.find`
   * @param isComplete whether nothing was left out of the layer
   * @returns the files that are new
   */
  public add({ opened, looked, listed }: Trace, paths: LayerPaths, layer: Root, key: string, isComplete: boolean): RootPath[] {
    const added: RootPath[] = [];
    for (const used of [...opened.map((file) => file.path), ...looked, ...listed]) {
      if (!used.startsWith(OPT)) {
        if (isComplete) this.outside.add(used);
        if (this.outside.has(used)) continue;
      }
      const found = paths.find(used, layer, key);
      for (const directory of found.directories) this.directories.add(directory);
      for (const file of found.files) {
        if (this.files.has(file)) continue;
        this.files.add(file);
        added.push(file);
      }
    }
    return added;
  }
}
