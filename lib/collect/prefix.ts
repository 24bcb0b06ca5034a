/**
 * Objects that put paths together behind the prefix `/usr`, for which they were configured: `/usr` and `lib/rig` stand in them
 * apart.
 */
import * as path from 'path';
import { Belonging } from './belonging';
import { isAside } from './non-runtime';
import { Selection } from './selection';
import { FormatError, stringsOf } from '../elf';
import { Package, PackageDatabase } from '../packages/package';
import { isPrefixMention, PREFIX } from '../root/mentions';
import { Root } from '../root/root';
import { isStandardDirectory, unitOf } from '../root/standard';

/** Strings that the prefix is put in front of, and how many characters they may have. */
const BEHIND = /^\/?(?:lib|libexec|share)\/[\w.+-]+(?:\/[\w.+-]+)*\/?$/;
const MOST_CHARACTERS = 200;

/**
 * What an object may add to the prefix: other strings of it, and of a library of others what the packages have that it needs
 * of its own source package, as Python's does.
 *
 * @returns paths of what is there
 */
export function behindPrefix(file: string, owner: Package | undefined, root: Root, belonging: Belonging): string[] {
  const { elf, mentions } = root.content(file);
  if (elf === undefined || elf instanceof FormatError || !mentions.some(isPrefixMention)) return [];
  const strings = [...stringsOf(root.read(file), elf, MOST_CHARACTERS)];
  const found = strings.filter((text) => BEHIND.test(text)).map((text) => path.posix.join(PREFIX, text));
  const family = owner === undefined || belonging.own.has(owner) ? [] : belonging.dependencies(owner).filter(({ source }) => source === owner.source);
  const units = new Set(family.flatMap((one) => belonging.data(one).map(unitOf)).filter((unit) => root.isDirectory(unit)));
  return [...found, ...units].filter((wanted) => root.real(wanted) !== undefined && !isStandardDirectory(wanted) && !isAside(`${wanted}/`));
}

/**
 * Which objects do so.
 *
 * @returns resolved path of a file that has the prefix as a string of its own → the directories of its package below that
 *   prefix which none of the package's files mentions whole
 */
export function prefixed(root: Root, selection: Selection, packages: PackageDatabase, belonging: Belonging): Map<string, readonly string[]> {
  const files = [...selection.files.keys()];
  const users = files.filter((real) => root.content(real).kind === 'elf' && root.content(real).mentions.some(isPrefixMention));
  const own = files.filter((real) => belonging.own.has(packages.ownerOf(real)!));
  const unsaidOf = (family: readonly string[]) => {
    const objects = family.filter((real) => root.content(real).kind === 'elf');
    const mentioned = new Set(objects.flatMap((real) => root.content(real).mentions.map((mention) => unitOf(mention.path))));
    const isUnsaid = (unit: string) => unit.startsWith(`${PREFIX}/`) && root.isDirectory(unit) && !isAside(`${unit}/`) && !mentioned.has(unit);
    return [...new Set(family.map(unitOf))].filter(isUnsaid);
  };
  /** by source package of others, `own` for one's own */
  const unsaid = new Map<string, readonly string[]>();
  const units = new Map<string, readonly string[]>();
  for (const user of users) {
    const owner = packages.ownerOf(user);
    if (owner === undefined) continue;
    // a library of others has what its own source package has, which came by what it adds to the prefix
    const isOwn = belonging.own.has(owner);
    const key = isOwn ? 'own' : `source ${owner.source}`;
    const found = unsaid.get(key) ?? unsaidOf(isOwn ? own : files.filter((real) => packages.ownerOf(real)?.source === owner.source));
    unsaid.set(key, found);
    if (found.length > 0) units.set(user, found);
  }
  return units;
}
