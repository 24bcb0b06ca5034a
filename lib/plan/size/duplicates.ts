/**
 * Stores identical files of a layer once: the others become links to the first.
 *
 * Some programs notice the difference. Interpreters resolve the link to a script or module before they look for files next to it, and
 * Java does the same for archives. The loader takes `$ORIGIN` from the path of a library. Therefore only two kinds of files become
 * links: documentation, and binary data that is not code, bytecode or an archive.
 */
import * as path from 'path';
import { isDocumentation } from '../../collect/kinds/non-runtime';
import type { Content } from '../../root/content';
import { sourceOfBytecode } from '../../root/python-bytecode';
import type { Entry, FileEntry } from '../layout/plan';

/** Minimum size of a file that becomes a link, in bytes: a link in place of a smaller one would save little. */
const LEAST_SIZE = 1024;
const ZIP = 'PK';

/** @param contentOf reads a file of the source by its resolved path */
export function linkDuplicates(entries: readonly Entry[], contentOf: (real: string) => Content): Entry[] {
  const firsts = new Map<string, FileEntry>();
  return entries.map((entry) => {
    if (entry.kind !== 'file' || entry.edits !== undefined || entry.size < LEAST_SIZE) return entry;
    if (!mayBeLink(entry, contentOf(entry.real))) return entry;
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
