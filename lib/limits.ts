/**
 * Limits on the sizes and counts that foreign files state or imply.
 *
 * Every reader asks here before it allocates memory or starts a loop for such a number, so that a file of a hostile package or
 * image costs an error instead of the machine's memory or time. Each limit is far above the largest real value, which its
 * comment gives.
 */

import { MOST_BYTES } from './lambda';
import { printableName } from './text/printable';
import { LayerError } from './error';

export interface Limit {
  /** what is limited, as a plural for messages: `bytes of …` */
  readonly of: string;
  readonly most: number;
  /** what to do about a file that exceeds it @default - to repair or remove it in the source */
  readonly advice?: string;
}

const MIB = 1024 * 1024;

export const LIMITS = {
  /** no larger file can be packed */
  file: { of: 'bytes of a file', most: MOST_BYTES, advice: 'no layer can hold it: leave it out with exclude' },
  /** 200 KB with 4,000 packages of Debian */
  loaderCache: { of: 'bytes of a loader cache', most: 16 * MIB },
  /** 12,000 with 4,000 packages of Debian */
  loaderCacheEntries: { of: 'entries of a loader cache', most: 200_000 },
  /** a few hundred bytes */
  loaderConfiguration: { of: 'bytes of a loader configuration file', most: MIB },
  /** some 20 */
  loaderConfigurationFiles: { of: 'included loader configuration files', most: 1000 },
  /** some 100: a pattern is compared with each name in a directory */
  loaderConfigurationNames: { of: 'file names compared with include patterns', most: 100_000 },
  /** some 20 */
  searchDirectories: { of: 'library directories of one search path', most: 1000 },
  /** 10 MB with 5,000 packages of Debian */
  packageStatus: { of: 'bytes of a package database', most: 64 * MIB },
  /** 60 MB with 5,000 packages of Debian */
  fileLists: { of: 'bytes of the file lists of a package database', most: 256 * MIB },
  /** 800,000 with 5,000 packages of Debian */
  fileListLines: { of: 'lines in the file lists of a package database', most: 8_000_000 },
  /** 60,000 is all of Debian */
  packages: { of: 'packages in a package database', most: 100_000 },
  /** 6,400 in the largest archive of Java classes */
  mentions: { of: 'absolute paths in a file', most: 200_000 },
  /** 3,000 in /usr/bin of a full installation; 90,000 in the largest icon themes */
  directoryEntries: { of: 'entries of a directory', most: 131_072 },
  /** 300 in the largest libraries */
  dynamicEntries: { of: 'entries of a dynamic section', most: 65_536 },
  /** 3 MB in WebKit, 60 MB in TensorFlow */
  stringTable: { of: 'bytes of a string table', most: 128 * MIB },
  /** 400 in glibc, 20,000 in Qt */
  symbolVersions: { of: 'symbol versions', most: 100_000 },
  /** 1,000 in a desktop application with all of its plug-ins */
  loadedObjects: { of: 'libraries of one program', most: 5000 },
} satisfies Record<string, Limit>;

/** A foreign file exceeds a limit. */
export class LimitError extends LayerError {
  constructor(limit: Limit, value: number, where: string) {
    super(`${printableName(where)}: ${exceeding(limit, value)}; ${limit.advice ?? 'repair or remove this file in the source'}`);
    this.name = 'LimitError';
  }
}

/** @throws LimitError */
export function checkLimit(limit: Limit, value: number, where: string): void {
  if (value > limit.most) throw new LimitError(limit, value, where);
}

/** For an error message: what was found and what was expected. */
export function exceeding({ of, most }: Limit, value: number): string {
  return `found ${value} ${of}, expected at most ${most}`;
}
