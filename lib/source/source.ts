/**
 * A source: where programs are taken from. Whatever it is, opened it is a root directory, and from there on
 * nothing knows where that came from.
 */
import type { Machine } from '../elf';
import { LayerError } from '../error';

/** A source that cannot be opened; the message says what was run, what it said, and what to do. */
export class SourceError extends LayerError {}

export interface OpenedSource {
  /** what it is called in messages: `this machine`, `the image debian:12` */
  readonly name: string;
  /** the root directory on this machine: absolute, links resolved */
  readonly directory: string;
  /** directories inside the root in which commands are looked for */
  readonly searchPath: readonly string[];
  /** LD_LIBRARY_PATH of the source, `''` for none */
  readonly libraryPath: string;
  /** the directory inside the root that relative paths count from */
  readonly cwd: string;
  /** what its programs are to be for, where that was asked for */
  readonly machine?: Machine;
}

/** Where commands are in a root that has no PATH of its own: what images set, and where Debian has games. */
export const SEARCH_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin', '/usr/games'];
