/**
 * `--output`: the format of the output, and whether it can be written.
 */
import * as fs from 'fs';
import * as path from 'path';
import { checkDirectory, checkOutput, statusOf } from './file-arguments';
import { UsageError } from './usage';
import { writeZip } from '../pack/zip';
import { printable } from '../text/printable';

/* eslint-disable @typescript-eslint/no-require-imports -- most outputs are zips, so code for others is loaded on demand */
const directories = () => require('../pack/directory') as typeof import('../pack/directory');
const tars = () => require('../pack/tar') as typeof import('../pack/tar');
/* eslint-enable @typescript-eslint/no-require-imports */

export type Writer = typeof writeZip;

/** Extensions of unsupported formats. Names that end with one are rejected: the user probably does not want a directory of that name. */
const OTHER_ARCHIVE = /\.(?:tar|tar\.\w+|t[bx]z2?|tzst|gz|bz2|xz|zst|7z|rar|jar|deb|rpm)$/i;

/**
 * Selects the writer for an output by the name of the output.
 *
 * @throws UsageError if the output cannot be written
 */
export function writerOf(output: string): Writer {
  if (output === '') throw new UsageError('--output is empty, expected NAME.zip, NAME.tar.gz or the name of a directory');
  if (!output.endsWith('/')) {
    const writer = /\.zip$/i.test(output) ? writeZip : /\.(?:tar\.gz|tgz)$/i.test(output) ? tars().writeTar : undefined;
    if (writer) {
      checkOutput('--output', output);
      return writer;
    }
    if (OTHER_ARCHIVE.test(output)) {
      throw new UsageError(`--output ${output}: expected NAME.zip, NAME.tar.gz, or the name of a directory`);
    }
  }
  checkEmptyDirectory(output);
  return directories().writeDirectory;
}

function checkEmptyDirectory(output: string): void {
  checkDirectory('--output', output);
  const place = path.resolve(output);
  const stat = statusOf(place);
  if (!stat) return;
  if (!stat.isDirectory()) {
    throw new UsageError(`--output ${output}: a file exists there; name a new or an empty directory, or NAME.zip or NAME.tar.gz`);
  }
  const [first] = fs.readdirSync(place);
  if (first !== undefined) {
    throw new UsageError(`--output ${output}: the directory is not empty (${printable(first)}); name a new or an empty directory`);
  }
  if (fs.realpathSync(place) === process.cwd()) {
    throw new UsageError(`--output ${output}: the working directory cannot be replaced; name another directory`);
  }
}
