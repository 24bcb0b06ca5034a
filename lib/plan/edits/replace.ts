/**
 * The paths that are replaced in all files of a layer: a list of aliases, and for each file the offsets at which they are written.
 *
 * Some aliases replace only the first directory of a path: `/usr/share/rig` becomes `/opt/share/rig`. `/etc/share/rig` would get
 * the same name, and so would paths in other layers of a function. Within the layer, the first file that needs such a shared name
 * decides which path the name stands for.
 */
import type { FileReplacer, Replacement } from './replace-in-file';
import type { RootPath } from '../../root/paths';
import type { Alias } from '../layout/alias';
import { isReserved, SHARED } from '../layout/alias';
import type { Edits } from '../layout/plan';

export interface Replacements {
  /** every alias that replaces a path */
  readonly aliases: readonly Alias[];
  /** for each file with replacements, see `Edits.aliases` */
  readonly byFile: ReadonlyMap<RootPath, Edits['aliases']>;
  /** packed path → why the files that mention it do not find it */
  readonly unreplaced: ReadonlyMap<string, string>;
}

/** @param files resolved paths in a fixed order: the order decides the numbers of the aliases, and which path gets a shared name */
export function replacePaths(files: readonly RootPath[], replacer: FileReplacer): Replacements {
  const requested = files.map((real) => ({ real, ...replacer.in(real) }));
  const names = shareNames(requested.flatMap(({ shared }) => shared));
  const unreplaced = new Map(requested.flatMap(({ tooShort, shared }) => [
    ...tooShort.map((file) => [file, 'in the layer, but mentioned by a path too short to be replaced'] as const),
    ...shared.flatMap((file) => {
      const other = names.get(nameOf(file));
      const reason = `in the layer, but the files that mention it do not find it: /opt/${nameOf(file)} stands for ${other}`;
      return other === undefined || other === file ? [] : [[file, reason] as const];
    }),
  ]));
  const aliases: Alias[] = [];
  const indexes = new Map<string, number>();
  const indexOf = (alias: Alias) => {
    const identity = `${alias.base} ${alias.replaced}`;
    const index = indexes.get(identity) ?? aliases.push(alias) - 1;
    indexes.set(identity, index);
    return index;
  };
  const byFile = new Map<RootPath, Edits['aliases']>();
  for (const { real, replacements } of requested) {
    const edits = replacements.flatMap((replacement): Edits['aliases'] => {
      const alias = withShared(replacement, names, replacer);
      return alias === undefined ? [] : [[replacement.offset, indexOf(alias), ...(replacement.part ?? [])]];
    });
    if (edits.length > 0) byFile.set(real, edits);
  }
  return { aliases, byFile, unreplaced };
}

/** The alias, without the paths whose shared name stands for another path; `undefined` if no path is left. */
function withShared({ alias, shared }: Replacement, names: ReadonlyMap<string, string>, replacer: FileReplacer): Alias | undefined {
  if (shared === undefined) return alias;
  const granted = shared.filter((file) => names.get(nameOf(file)) === file);
  if (granted.length === 0 || alias.replaced !== undefined) return granted.length === 0 ? undefined : alias;
  return { ...alias, siblings: Object.fromEntries(granted.map((file) => [file.slice(alias.base.length), replacer.placeOf(file)])) };
}

/** @returns each name below `/opt` → the first path that needs it; names that Lambda or this library uses are left out */
function shareNames(files: readonly string[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const file of files) if (!isReserved(nameOf(file)) && !names.has(nameOf(file))) names.set(nameOf(file), file);
  return names;
}

/** The path below `/opt` that remains if the first directory is replaced. */
function nameOf(file: string): string {
  return file.slice(SHARED);
}
