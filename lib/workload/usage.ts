/**
 * Files and directories of a layer that the commands of a workload use.
 */
import type { LayerPaths } from './layer-paths';
import { OPT } from '../lambda';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';
import type { Trace } from '../trace/log';

/** The files and directories that were used, as resolved paths of the source. */
export class Usage {
  /** files that a command opened, executed or looked at */
  public readonly files = new Set<RootPath>();
  /** directories that a command looked at or listed */
  public readonly directories = new Set<RootPath>();
  /** paths outside `/opt` that a command used in the complete layer. The command succeeded, so it needs no packed files at these paths */
  private readonly outside = new Set<string>();

  /**
   * Adds the files and directories that one command used.
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
      const inSource = paths.find(used, layer, key);
      for (const directory of inSource.directories) this.directories.add(directory);
      for (const file of inSource.files) {
        if (this.files.has(file)) continue;
        this.files.add(file);
        added.push(file);
      }
    }
    return added;
  }
}
