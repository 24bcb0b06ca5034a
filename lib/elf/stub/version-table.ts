/**
 * Writes the table of DT_VERDEF. Versions have the same numbers as in the original: `.gnu.version` refers to them.
 */
import { sysvHash } from '../symbol-hash';
import type { VersionDefinition } from '../symbol-version';
import type { Strings } from './strings';

const VERDEF_SIZE = 20;
const VERDAUX_SIZE = 8;
const VER_FLG_BASE = 1;
const VER_FLG_WEAK = 2;

export function versionTable(versions: readonly VersionDefinition[], strings: Strings): Buffer {
  return Buffer.concat(versions.map(({ name, index, isBase, isWeak, parents }, position) => {
    const names = [name, ...parents];
    const size = VERDEF_SIZE + names.length * VERDAUX_SIZE;
    const entry = Buffer.alloc(size);
    entry.writeUInt16LE(1, 0); // vd_version
    entry.writeUInt16LE((isBase ? VER_FLG_BASE : 0) | (isWeak ? VER_FLG_WEAK : 0), 2);
    entry.writeUInt16LE(index, 4);
    entry.writeUInt16LE(names.length, 6);
    entry.writeUInt32LE(sysvHash(Buffer.from(name)), 8);
    entry.writeUInt32LE(VERDEF_SIZE, 12);
    entry.writeUInt32LE(position === versions.length - 1 ? 0 : size, 16);
    names.forEach((string, order) => {
      const at = VERDEF_SIZE + order * VERDAUX_SIZE;
      entry.writeUInt32LE(strings.offset(string), at);
      entry.writeUInt32LE(order === names.length - 1 ? 0 : VERDAUX_SIZE, at + 4);
    });
    return entry;
  }));
}
