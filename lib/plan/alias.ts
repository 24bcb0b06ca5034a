/**
 * Aliases: names of the same length in place of baked-in paths.
 *
 * A path in a file cannot grow, so each directory of the layer below which something is mentioned gets a
 * name directly below `/opt`, exactly as long as its own, which is a symbolic link to its place: `/usr/share`
 * (10 characters) becomes `/opt/` and 5 characters of a hash. No byte of the file moves.
 */
import { createHash } from 'crypto';
import { RESERVED_NAMES } from '../lambda';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

/** Names in `/opt` that Lambda gives a meaning, and the library's own. */
const TAKEN = [...RESERVED_NAMES, 'elf'];
const PREFIX = '/opt/';
const LEAST_CHARACTERS = 3;
const MOST_CHARACTERS = 255; // NAME_MAX
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * Whether a path below `/opt` is Lambda's, or ours. Below `lib` there may be directories: LD_LIBRARY_PATH leads to what lies
 * in it, and no further.
 */
export function isReserved(place: string): boolean {
  const [first, ...below] = place.split('/');
  return TAKEN.includes(first) && !(first === 'lib' && below.length > 0);
}

export interface Alias {
  /** the path that is replaced */
  readonly base: string;
  /** its place below the mirrored root; none for a path that is to lead nowhere rather than to the host's */
  readonly place?: string;
  /** names that begin with the base, as `magic.mgc` with `magic`, or lie below it: what follows the base → place */
  readonly siblings?: Readonly<Record<string, string>>;
  /** how many characters of the base are replaced, those of `/opt/` among them; the others stay @default - all */
  readonly replaced?: number;
}

/** What of a mentioned path an alias stands for. */
export interface Aliased {
  readonly base: string;
  /** whether the layer has it */
  readonly held: boolean;
}

/**
 * The part of a mentioned path that an alias stands for: the uppermost directory that is long enough, so that few
 * aliases serve all paths, and most of each path stays as it is.
 *
 * @param mentioned the path as it stands in the file, without a trailing `/`
 * @param holds whether the layer has something at a path
 * @param placed whether what it has there has a place of its own; what lies above a user's own program has none
 * @param closed whether a path of libraries or data that the layer does not have must not lead to the host's
 * @returns `undefined` where the path stays as it is; `short` where the layer has it, but no alias is as short
 */
export function aliased(mentioned: string, holds: (wanted: string) => boolean, placed: (wanted: string) => boolean, closed: boolean): Aliased | 'short' | undefined {
  const steps = prefixes(mentioned);
  const standard = steps.filter(isStandardDirectory);
  const shared = standard.find(fits);
  const unit = steps.find((step) => !isStandardDirectory(step));
  const isCommand = standard.some(isCommandDirectory);
  if (unit !== undefined && holds(unit)) {
    const base = shared ?? steps.find((step) => step.length >= unit.length && fits(step) && holds(step) && placed(step));
    return base === undefined ? 'short' : { base, held: true };
  }
  if (shared === undefined || isCommand || !(closed || unit === undefined)) return undefined;
  if (holds(shared)) return { base: shared, held: true };
  return closed && /^\/(?:usr\/local|var\/lib)/.test(shared) ? { base: shared, held: false } : undefined;
}

/** A path of which only so many characters can be replaced: the part of it that ends with the component in which they end. */
export function baseOf(unit: string, characters: number): string {
  return prefixes(unit).find((base) => base.length >= characters) ?? unit;
}

/** A path and the directories above it, the uppermost first. */
function prefixes(mentioned: string): string[] {
  const found = [];
  for (let end = mentioned.indexOf('/', 1); end >= 0; end = mentioned.indexOf('/', end + 1)) {
    if (mentioned[end - 1] !== '/') found.push(mentioned.slice(0, end));
  }
  return [...found, mentioned];
}

function fits(base: string): boolean {
  const characters = base.length - PREFIX.length;
  return characters >= LEAST_CHARACTERS && characters <= MOST_CHARACTERS;
}

/**
 * Names the aliases of a layer.
 *
 * @param key the layer's key: two layers on one function share no name, but for those that replace no more than a
 * path's first directory
 * @returns `/opt/NAME` for each, in their order
 */
export function nameAliases(key: string, aliases: readonly Alias[]): string[] {
  const taken = new Set<string>();
  return aliases.map(({ base, replaced = base.length }) => {
    const rest = base.slice(replaced);
    if (replaced <= PREFIX.length) return PREFIX.slice(0, replaced) + rest;
    let name;
    let attempt = 0;
    do name = nameFor(`${key}\0${base}\0${attempt++}`, replaced - PREFIX.length) + rest;
    while (isReserved(name) || taken.has(name));
    taken.add(name);
    return PREFIX + name;
  });
}

function nameFor(seed: string, length: number): string {
  let name = '';
  for (let block = 0; name.length < length; block++) {
    for (const byte of createHash('sha256').update(`${seed}\0${block}`).digest()) name += byte < 248 ? ALPHABET[byte % ALPHABET.length] : '';
  }
  return name.slice(0, length);
}
