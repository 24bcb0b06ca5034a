/**
 * Path aliases: names of the same length that replace absolute paths in files.
 *
 * A path in a file cannot grow, so a directory of the layer that files mention gets a second path, directly below `/opt`, that is as
 * long as its own. The second path is a symbolic link to the directory's place: `/usr/share` (10 characters) becomes `/opt/` and 5
 * characters of a hash. No byte of the file moves.
 */
import { createHash } from 'crypto';
import { RESERVED_NAMES } from '../../lambda';
import { isCommandDirectory, isStandardDirectory } from '../../root/standard';

/** Names in `/opt` with a meaning to Lambda, and the library's own. */
const RESERVED = [...RESERVED_NAMES, 'elf'];
const PREFIX = '/opt/';
/**
 * Length of `/opt/`. An alias that replaces at most this many characters (`/opt/rig` for `/etc/rig`) has no hash in its name, so another
 * layer may have an alias with the same name.
 */
export const SHARED = PREFIX.length;
const LEAST_CHARACTERS = 3;
const MOST_CHARACTERS = 255; // NAME_MAX
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * True if a path below `/opt` is reserved for Lambda or the library. Directories in `lib` are free: LD_LIBRARY_PATH names `/opt/lib`,
 * and the loader does not search below it.
 */
export function isReserved(name: string): boolean {
  const [first, ...below] = name.split('/');
  return RESERVED.includes(first) && !(first === 'lib' && below.length > 0);
}

export interface Alias {
  /** the path that is replaced */
  readonly base: string;
  /** its place below the mirrored root; none if programs must not find the path at all, even though the host may have it */
  readonly place?: string;
  /** further paths that begin with the base, such as `magic.mgc` if the base is `magic`: the part after the base → place */
  readonly siblings?: Readonly<Record<string, string>>;
  /** files beside the base that are named in its text; name → place. Programs find them beside the alias, in `/opt` */
  readonly beside?: Readonly<Record<string, string>>;
  /** number of characters of the base that the alias replaces, the rest stays @default - all */
  readonly replaced?: number;
}

/** The part of a path mention that an alias replaces. */
export interface Aliased {
  readonly base: string;
  readonly isPacked: boolean;
}

/**
 * Returns the part of a path mention that an alias replaces: the uppermost directory that is long enough, so that few aliases serve
 * all paths, and most of each path stays as it is.
 *
 * @param mentioned as in the file, without a trailing `/`
 * @param isPacked whether the layer has something at a path
 * @param hasPlace whether a path has a place in the layer: directories above the user's own programs have none
 * @param closed true to keep paths of libraries and data that the layer lacks from leading to the host
 * @returns `undefined` if the path stays as it is; `short` if the layer has it but every alias is longer
 */
export function aliased(
  mentioned: string,
  isPacked: (file: string) => boolean,
  hasPlace: (file: string) => boolean,
  closed: boolean,
): Aliased | 'short' | undefined {
  const steps = prefixes(mentioned);
  const standard = steps.filter(isStandardDirectory);
  const shared = standard.find(fits);
  const unit = steps.find((step) => !isStandardDirectory(step));
  const isCommand = standard.some(isCommandDirectory);
  if (unit !== undefined && isPacked(unit)) {
    const base = shared ?? steps.find((step) => step.length >= unit.length && fits(step) && isPacked(step) && hasPlace(step));
    return base === undefined ? 'short' : { base, isPacked: true };
  }
  if (shared === undefined || isCommand || !(closed || unit === undefined)) return undefined;
  if (isPacked(shared)) return { base: shared, isPacked: true };
  return closed && /^\/(?:usr\/local|var\/lib)/.test(shared) ? { base: shared, isPacked: false } : undefined;
}

/** The start of a path, up to the end of the component that contains the last character that can be replaced. */
export function baseOf(unit: string, characters: number): string {
  return prefixes(unit).find((base) => base.length >= characters) ?? unit;
}

/** A path and the directories above it, the uppermost first. */
function prefixes(file: string): string[] {
  const directories = [];
  for (let end = file.indexOf('/', 1); end >= 0; end = file.indexOf('/', end + 1)) {
    if (file[end - 1] !== '/') directories.push(file.slice(0, end));
  }
  return [...directories, file];
}

function fits(base: string): boolean {
  const characters = base.length - PREFIX.length;
  return characters >= LEAST_CHARACTERS && characters <= MOST_CHARACTERS;
}

/**
 * Names the aliases of a layer.
 *
 * @param key the layer's key: names differ between two layers of a function, except for aliases that replace at most `SHARED` characters
 * @returns `/opt/NAME` for each alias, in the same order
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
    const hash = createHash('sha256').update(`${seed}\0${block}`).digest();
    for (const byte of hash) name += byte < 248 ? ALPHABET[byte % ALPHABET.length] : '';
  }
  return name.slice(0, length);
}
