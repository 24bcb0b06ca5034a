/**
 * Aliases: names of the same length in place of baked-in paths.
 *
 * A path in a file cannot grow, so each directory or file of the layer that is mentioned anywhere gets a
 * name directly below `/opt`, exactly as long as the path that it stands for, which is a symbolic link to
 * its place. No byte of the file moves.
 */
import { createHash } from 'crypto';
import * as path from 'path';
import { isCommandDirectory, isStandardDirectory } from '../root/standard';

/** Names in `/opt` that mean something to Lambda, and our own. */
const TAKEN = ['bin', 'lib', 'python', 'nodejs', 'java', 'ruby', 'extensions', 'elf'];
const PREFIX = '/opt/';
const LEAST_CHARACTERS = 3;
const MOST_CHARACTERS = 255; // NAME_MAX
const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ';

/**
 * The part of a mentioned path that an alias stands for: the uppermost directory that is not everybody's,
 * so that paths that lie below each other still do.
 *
 * @param mentioned the path as it stands in the file, without a trailing `/`
 * @param holds whether the layer has something at a path
 * @returns `undefined` where the layer has nothing of it; `short` where all that it has is too short for an alias
 */
export function aliased(mentioned: string, holds: (wanted: string) => boolean): string | 'short' | undefined {
  let held = false;
  for (let end = mentioned.indexOf('/', 1); ; end = mentioned.indexOf('/', end + 1)) {
    const base = end < 0 ? mentioned : mentioned.slice(0, end);
    const whole = base.length === mentioned.length;
    if ((!isStandardDirectory(base) || (whole && !isCommandDirectory(base))) && !base.endsWith('/')) {
      if (!holds(base)) return held ? 'short' : undefined;
      if (fits(base)) return base;
      held = !isStandardDirectory(base);
    }
    if (whole) return held ? 'short' : undefined;
  }
}

function fits(base: string): boolean {
  const characters = base.length - PREFIX.length;
  return characters >= LEAST_CHARACTERS && characters <= MOST_CHARACTERS;
}

/**
 * Names the aliases of a layer.
 *
 * @param key the layer's key: two layers on one function share no name
 * @returns base → `/opt/NAME`
 */
export function nameAliases(key: string, bases: Iterable<string>): Map<string, string> {
  const names = new Map<string, string>();
  const taken = new Set(TAKEN);
  for (const base of [...bases].sort()) {
    let attempt = 0;
    let name;
    do name = nameFor(`${key}\0${base}\0${attempt++}`, base.length - PREFIX.length);
    while (taken.has(name));
    taken.add(name);
    names.set(base, path.posix.join(PREFIX, name));
  }
  return names;
}

function nameFor(seed: string, length: number): string {
  let name = '';
  for (let block = 0; name.length < length; block++) {
    for (const byte of createHash('sha256').update(`${seed}\0${block}`).digest()) name += byte < 248 ? ALPHABET[byte % ALPHABET.length] : '';
  }
  return name.slice(0, length);
}
