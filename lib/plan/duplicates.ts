/**
 * Identical files of a layer: stored once, the others are links to the first.
 *
 * A link differs from a file for a program that asks where it is: interpreters resolve the links to a script or module before they
 * look for others beside it, Java does so for archives, and the loader takes `$ORIGIN` from the path of a library. Therefore only
 * texts that no program reads (licences), and binary data that is not code, bytecode or an archive, become links.
 */
import * as path from 'path';
import { Entry, FileEntry } from './plan';
import { isDocumentation } from '../collect/non-runtime';
import { Content } from '../root/content';
import { sourceOfBytecode } from '../root/python-bytecode';

/** Smaller files are not worth a link, in bytes. */
const LEAST_SIZE = 1024;
const ZIP = 'PK';

/** @param contentOf what a file of the source has */
export function linkDuplicates(entries: readonly Entry[], contentOf: (real: string) => Content): Entry[] {
  const firsts = new Map<string, FileEntry>();
  return entries.map((entry) => {
    if (entry.kind !== 'file' || entry.edits !== undefined || entry.size < LEAST_SIZE || !mayBeLink(entry, contentOf(entry.real))) return entry;
    const identity = `${entry.sha256} ${entry.mode}`;
    const first = firsts.get(identity);
    if (first === undefined) {
      firsts.set(identity, entry);
      return entry;
    }
    return { kind: 'link', path: entry.path, target: path.posix.relative(path.posix.dirname(entry.path), first.path) };
  });
}

function mayBeLink({ real }: FileEntry, { kind, head }: Content): boolean {
  if (isDocumentation(real)) return true;
  return kind === 'data' && sourceOfBytecode(real) === undefined && head.toString('latin1', 0, 2) !== ZIP;
}
