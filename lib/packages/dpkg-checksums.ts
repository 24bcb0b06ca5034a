/**
 * The checksums that dpkg records for the files of packages (deb-md5sums(5), dpkg-query(1)).
 */
import { ParsedFiles } from './parsed-file';
import { LIMITS } from '../limits';
import type { Root } from '../root/root';

/**
 * Parses `/var/lib/dpkg/info/PACKAGE.md5sums`, in which paths have no leading `/`.
 *
 * @returns absolute path and MD5 checksum in hexadecimal digits
 */
export function md5sumsIn(text: string): [file: string, md5: string][] {
  return [...text.matchAll(/^([0-9a-f]{32}) [ *](.+)$/gm)].map(([, md5, name]) => [`/${name}`, md5]);
}

const parsed = new ParsedFiles<ReadonlyMap<string, string>>();

/** The configuration files of all packages in a root, with their checksums. @param status the resolved path of the status file */
export function conffilesOf(root: Root, status: string): ReadonlyMap<string, string> {
  return parsed.get(root, status, () => conffilesIn(root.read(status, LIMITS.packageStatus).toString('utf8')));
}

/**
 * Parses the Conffiles fields of the status file. Their lines are ` PATH MD5`, maybe with `obsolete` or `remove-on-upgrade` at the end.
 * A new conffile has no checksum yet.
 */
function conffilesIn(status: string): Map<string, string> {
  const conffiles = new Map<string, string>();
  for (const [line] of status.matchAll(/^ \/.*$/gm)) {
    const words = line.slice(1).split(' ');
    let at = words.length - 1;
    while (at > 0 && !/^[0-9a-f]{32}$/.test(words[at])) at--;
    if (at > 0) conffiles.set(words.slice(0, at).join(' '), words[at]);
  }
  return conffiles;
}
