/**
 * Objects that build paths at run time from the prefix `/usr` they were configured with: `/usr` and `lib/rig` are separate
 * strings in them.
 */
import * as path from 'path';
import type { Context } from './context';
import { isNonRuntime } from './non-runtime';
import type { RequestedPackages } from './requested-packages';
import { dependenciesOf } from './requested-packages';
import type { CurrentSelection } from './selection';
import { FormatError, stringsOf } from '../elf';
import type { Package } from '../packages/package';
import { isPrefixMention, PREFIX } from '../root/mentions';
import { isStandardDirectory, unitOf } from '../root/standard';

/** Strings that follow the prefix, and how long they may be. */
const BEHIND = /^\/?(?:lib|libexec|share)\/[\w.+-]+(?:\/[\w.+-]+)*\/?$/;
const MOST_CHARACTERS = 200;

/**
 * Paths that an object may build from the prefix: with other strings in it, and for a library of a package that is not
 * requested, such as Python's, directories of that package's dependencies from the same source package.
 *
 * @returns paths that exist
 */
export function behindPrefix(
  file: string,
  owner: Package | undefined,
  requested: RequestedPackages,
  { root, packages, packageFiles }: Context,
): string[] {
  const { elf, mentions } = root.content(file);
  if (elf === undefined || elf instanceof FormatError || !mentions.some(isPrefixMention)) return [];
  const strings = [...stringsOf(root.read(file), elf, MOST_CHARACTERS)];
  const found = strings.filter((text) => BEHIND.test(text)).map((text) => path.posix.join(PREFIX, text));
  const dependencies = owner === undefined || requested.has(owner) ? [] : dependenciesOf(owner, packages);
  const siblings = dependencies.filter(({ source }) => source === owner?.source);
  const units = new Set(siblings.flatMap((one) => packageFiles.data(one).map(unitOf)).filter((unit) => root.isDirectory(unit)));
  const isOfUse = (candidate: string) => !isStandardDirectory(candidate) && !isNonRuntime(`${candidate}/`);
  return [...found, ...units].filter((candidate) => root.real(candidate) !== undefined && isOfUse(candidate));
}

/**
 * The packed objects that build paths from the prefix.
 *
 * @returns resolved path of each object that has the prefix as a separate string → directories of its package below the
 *   prefix that no file of the package mentions by their whole path
 */
export function prefixed(selection: CurrentSelection, { root, packages }: Context): Map<string, readonly string[]> {
  const { requested } = selection;
  const files = [...selection.files.keys()];
  const users = files.filter((real) => root.content(real).kind === 'elf' && root.content(real).mentions.some(isPrefixMention));
  const ofRequested = files.filter((real) => requested.has(packages.ownerOf(real)!));
  const unsaidOf = (siblings: readonly string[]) => {
    const objects = siblings.filter((real) => root.content(real).kind === 'elf');
    const mentioned = new Set(objects.flatMap((real) => root.content(real).mentions.map((mention) => unitOf(mention.path))));
    const isData = (unit: string) => unit.startsWith(`${PREFIX}/`) && root.isDirectory(unit) && !isNonRuntime(`${unit}/`);
    return [...new Set(siblings.map(unitOf))].filter((unit) => isData(unit) && !mentioned.has(unit));
  };
  /** by source package; `requested` for the requested packages together */
  const unsaid = new Map<string, readonly string[]>();
  const units = new Map<string, readonly string[]>();
  for (const user of users) {
    const owner = packages.ownerOf(user);
    if (owner === undefined) continue;
    const isRequested = requested.has(owner);
    const key = isRequested ? 'requested' : `source ${owner.source}`;
    const ofSource = () => files.filter((real) => packages.ownerOf(real)?.source === owner.source);
    const found = unsaid.get(key) ?? unsaidOf(isRequested ? ofRequested : ofSource());
    unsaid.set(key, found);
    if (found.length > 0) units.set(user, found);
  }
  return units;
}
