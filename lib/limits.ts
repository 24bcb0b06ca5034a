/**
 * Limits on the sizes and counts that foreign files state or imply.
 *
 * A size is checked before memory is allocated for it. A count is checked at the latest when the entries have been read. So a file of
 * a hostile package or image results in an error instead of exhausting memory or time. The comment of each limit states the largest
 * value on real systems. The limit is far above that.
 */

import { LayerError } from './error';
import { printableName } from './text/printable';

export interface Limit {
  /** the limited quantity, in the plural, for messages: `bytes of …` */
  readonly of: string;
  readonly most: number;
  /** advice on a file that exceeds it @default - to repair or remove it in the source */
  readonly advice?: string;
}

const MIB = 1024 * 1024;

export const LIMITS = {
  /** 297 MB in chromium, which is stored compressed; Node.js cannot read more than 2 GiB at once */
  file: { of: 'bytes of a file', most: 1024 * MIB, advice: 'no layer can hold it: leave it out with exclude' },
  /** 48 KB with 1,000 packages of Debian */
  loaderCache: { of: 'bytes of a loader cache', most: 16 * MIB },
  /** 750 with 1,000 packages of Debian */
  loaderCacheEntries: { of: 'entries of a loader cache', most: 200_000 },
  /** a few hundred bytes */
  loaderConfiguration: { of: 'bytes of a loader configuration file', most: MIB },
  /** some 20 */
  loaderConfigurationFiles: { of: 'included loader configuration files', most: 1000 },
  /** some 20, in one directory */
  loaderConfigurationNames: { of: 'file names compared with include patterns', most: 100_000 },
  /** some 20 */
  searchDirectories: { of: 'library directories of one search path', most: 1000 },
  /** 1 MB with 1,000 packages of Debian; Alpine's database includes the file lists */
  packageStatus: { of: 'bytes of a package database', most: 64 * MIB },
  /** 8 MB with 1,000 packages of Debian */
  fileLists: { of: 'bytes of the file lists of a package database', most: 256 * MIB },
  /** 140,000 with 1,000 packages of Debian */
  fileListLines: { of: 'lines in the file lists of a package database', most: 8_000_000 },
  /** all of Debian is 60,000 */
  packages: { of: 'packages in a package database', most: 100_000 },
  /** 6,400 in the largest archive of Java classes */
  mentions: { of: 'absolute paths in a file', most: 200_000 },
  /** 18,000 in /usr/share/man/man1 with 1,000 packages of Debian */
  directoryEntries: { of: 'entries of a directory', most: 65_536 },
  /** 73 in GDAL */
  dynamicEntries: { of: 'entries of a dynamic section', most: 65_536 },
  /** 37 MB in pandoc */
  stringTable: { of: 'bytes of a string table', most: 128 * MIB },
  /** 46,000 in LLVM */
  dynamicSymbols: { of: 'dynamic symbols', most: 2_000_000 },
  /** 82 in NSS */
  symbolVersions: { of: 'symbol versions', most: 100_000 },
  /** some 2,000: 10 directories for each of 200 libraries */
  searchedPlaces: { of: 'places searched for the libraries of one program', most: 500_000 },
  /** a few hundred, with all plug-ins of a media player */
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
