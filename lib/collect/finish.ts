/**
 * What can be said only when nothing more joins: which bytecode is of use, and whose licences go in.
 */
import { Selection } from './selection';
import { PackageDatabase } from '../packages/package';
import { isCurrent, sourceOfBytecode } from '../root/python-bytecode';
import { Root } from '../root/root';

/** Leaves out the bytecode that Python would not take at the source: it is of no use in the layer. */
export function leaveOutStaleBytecode(root: Root, selection: Selection): void {
  for (const real of [...selection.files.keys()]) {
    const named = sourceOfBytecode(real);
    if (named === undefined) continue;
    const source = root.real(named); // Python goes by what a link leads to
    const status = source !== undefined && selection.files.has(source) ? root.status(source) : undefined;
    if (status && isCurrent(root.content(real).head, status)) continue;
    selection.files.delete(real);
    selection.skipped.set(real, 'bytecode of another version of its source, or of none');
  }
}

/** Adds the licence texts of all packages that are in. */
export function addLicences(selection: Selection, packages: PackageDatabase): void {
  const owners = new Set([...selection.files.keys()].map((real) => packages.ownerOf(real)));
  for (const owner of owners) {
    if (!owner) continue;
    for (const text of [`/usr/share/doc/${owner.name}/copyright`, `/usr/share/licenses/${owner.name}`]) selection.add(text, { reason: `licence of ${owner.name}` });
  }
}
