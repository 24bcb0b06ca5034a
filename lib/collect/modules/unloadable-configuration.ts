/**
 * Configuration that loads an extension which is not packed: `extension=imagick.so`. The program would print an error at each start, so
 * such configuration is not packed either.
 */
import * as path from 'path';
import type { Context } from '../selection/context';
import type { Selection } from '../selection/selection';

const CONFIGURATION = '/etc/';
/** Maximum size of such a file, in bytes. */
const MOST_BYTES = 64 * 1024;
/** A setting whose value is the file name of a library. A name that begins with `lib` does not count as an extension. */
const EXTENSION = /^[ \t]*\w+[ \t]*=[ \t]*"?((?!lib)[\w-]+\.so)"?[ \t]*$/gm;

/** Rejects configuration that loads an extension, if a directory of a requested package contains the extension but it is not packed. */
export function rejectUnloadableConfiguration(selection: Selection, { root, packageFiles }: Context): void {
  const configuration = [...selection.files.keys()].filter((real) => (
    real.startsWith(CONFIGURATION) && root.content(real).kind === 'text' && root.content(real).size <= MOST_BYTES));
  if (configuration.length === 0) return;
  const directories = new Set([...selection.requested].flatMap((owner) => [...packageFiles.directoriesOf(owner)]));
  for (const real of configuration) {
    const text = root.scan(real, (bytes) => bytes.toString('latin1'));
    for (const [, name] of text.matchAll(EXTENSION)) {
      const found = [...directories].flatMap((directory) => root.file(path.posix.join(directory, name)) ?? []);
      if (found.length === 0 || found.some((library) => selection.files.has(library))) continue;
      selection.reject(real, `it loads ${found[0]}, which is not packed`);
      break;
    }
  }
}
