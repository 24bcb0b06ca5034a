/**
 * A source: where programs come from. Every source is opened as a root directory, and later stages do not depend on its
 * kind.
 */
import type { Machine } from '../elf';
import { LayerError } from '../error';

/** A source cannot be opened. The message contains the command, its output, and advice. */
export class SourceError extends LayerError {}

export interface OpenedSource {
  /** its name in messages: `this machine`, `the image debian:12` */
  readonly name: string;
  /** the root directory on this machine: absolute, links resolved */
  readonly directory: string;
  /** directories inside the root that are searched for commands */
  readonly searchPath: readonly string[];
  /** LD_LIBRARY_PATH of the source, `''` if not set */
  readonly libraryPath: string;
  /** the directory inside the root that relative paths are relative to */
  readonly cwd: string;
  /** target architecture, if requested */
  readonly machine?: Machine;
}

/** The search path of a root that has no PATH of its own: the usual one of images, and Debian's directory of games. */
export const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/games'];
