/**
 * What can be said only when nothing more joins: which bytecode is of use, where a program puts the paths of its data
 * together by itself, and whose licences go in.
 */
import { isAside } from './aside';
import { Belonging } from './belonging';
import { isCurrent, sourceOfBytecode } from './bytecode';
import { Excerpt } from './excerpt';
import { PackageDatabase } from './packages';
import { Root } from '../root/root';
import { unitOf } from '../root/standard';

/** Leaves out the bytecode that Python would not take at the source: it is of no use in the layer. */
export function leaveOutStaleBytecode(root: Root, excerpt: Excerpt): void {
  for (const real of [...excerpt.files.keys()]) {
    const named = sourceOfBytecode(real);
    if (named === undefined) continue;
    const source = root.real(named); // Python goes by what a link leads to
    const status = source !== undefined && excerpt.files.has(source) ? root.status(source) : undefined;
    if (status && isCurrent(root.content(real).head, status)) continue;
    excerpt.files.delete(real);
    excerpt.leftOut.set(real, 'bytecode of another version of its source, or of none');
  }
}

/**
 * Which files put paths together behind the prefix `/usr`.
 *
 * @returns resolved path of a file that has the prefix as a string of its own → the directories of its package below that
 *   prefix which none of the package's files mentions whole
 */
export function prefixed(root: Root, excerpt: Excerpt, packages: PackageDatabase, belonging: Belonging): Map<string, readonly string[]> {
  const files = [...excerpt.files.keys()];
  const own = files.filter((real) => belonging.own.has(packages.ownerOf(real)!));
  const objects = own.filter((real) => root.content(real).kind === 'elf');
  const users = objects.filter((real) => root.content(real).mentions.some((mention) => mention.path === '/usr'));
  if (users.length === 0) return new Map();
  const mentioned = new Set(objects.flatMap((real) => root.content(real).mentions.map((mention) => unitOf(mention.path))));
  const isUnsaid = (unit: string) => unit.startsWith('/usr/') && root.isDirectory(unit) && !isAside(`${unit}/`) && !mentioned.has(unit);
  const units = [...new Set(own.map(unitOf))].filter(isUnsaid);
  return new Map(units.length > 0 ? users.map((user) => [user, units]) : []);
}

/** Adds the licence texts of all packages that are in. */
export function addLicences(excerpt: Excerpt, packages: PackageDatabase): void {
  const owners = new Set([...excerpt.files.keys()].map((real) => packages.ownerOf(real)));
  for (const owner of owners) {
    if (!owner) continue;
    for (const text of [`/usr/share/doc/${owner.name}/copyright`, `/usr/share/licenses/${owner.name}`]) excerpt.add(text, { reason: `licence of ${owner.name}` });
  }
}
