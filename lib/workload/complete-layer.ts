/**
 * The complete layer: everything that would be packed without a workload and without Lambda's quota, as a plan and as a directory in
 * which the commands of the workload run.
 */
import * as fs from 'fs';
import * as path from 'path';
import { LayerPaths } from './layer-paths';
import type { Directory } from './run';
import { writeEntries } from '../pack/directory';
import type { PlannedLayer } from '../plan/plan-layer';
import { temporaryDirectory } from '../process/leftovers';
import { discard } from '../process/remove-tree';
import { openRoot } from '../root/open-root';
import type { Root } from '../root/root';

/** A layer in a temporary directory. */
export class WrittenLayer implements Directory {
  public readonly opt: string;
  /** the root directory of the sandbox */
  public readonly root: Root;

  /** @param mostBytes see `writeEntries` */
  constructor(public readonly planned: PlannedLayer, mostBytes?: number) {
    const directory = temporaryDirectory('layer');
    try {
      fs.chmodSync(directory, 0o755); // the user of the sandbox must be able to enter it
      this.opt = path.join(directory, 'opt');
      for (const _ of writeEntries(planned.plan, this.opt, mostBytes));
      this.root = openRoot(directory);
    } catch (error) {
      discard(directory);
      throw error;
    }
  }

  public get programs(): readonly string[] {
    return Object.keys(this.planned.plan.programs);
  }

  public get key(): string {
    return this.planned.plan.key;
  }

  public discard(): void {
    discard(path.dirname(this.opt));
  }
}

/** The complete layer, with the source paths of its files. */
export class CompleteLayer extends WrittenLayer {
  public readonly paths: LayerPaths;

  constructor(planned: PlannedLayer) {
    super(planned, Infinity);
    this.paths = new LayerPaths(planned.plan);
  }
}
