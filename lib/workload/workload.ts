/**
 * A workload: command lines that represent everything a function does with the programs of a layer. A layer with a workload contains
 * only what these commands use.
 */
import { LayerError } from '../error';

export interface Workload {
  /** command lines for sh; at least one */
  readonly commands: readonly string[];
  /** absolute path of the directory on this machine that the commands find at `/var/task` @default - an empty directory */
  readonly files?: string;
  /** globs of libraries and files of the layer that stay even if no command uses them */
  readonly keep: readonly string[];
  /** absolute path of the lock file on this machine @default - none */
  readonly lock?: string;
}

/** A workload that fails, or that cannot be run on this machine. */
export class WorkloadError extends LayerError {}
