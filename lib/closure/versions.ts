/**
 * Symbol versions: the loader does not start a program unless each version that an object requires from a library
 * (DT_VERNEED) is defined by that library (DT_VERDEF).
 *
 * glibc elf/dl-version.c, _dl_check_map_versions. Weak versions may be missing; a library without any versions only
 * causes a warning.
 */
import { chainOf } from './closure';
import { LayerError } from '../error';
import type { Loaded } from '../loader/search';
import { printableName } from '../text/printable';

/** A library lacks a symbol version that another object requires. */
export class MissingVersionError extends LayerError {}

/** A version that a library lacks. */
export interface UnmetVersion {
  readonly version: string;
  readonly requester: Loaded;
  /** the library's name in the requester's DT_VERNEED */
  readonly name: string;
  readonly library: Loaded;
}

/** All missing versions, in the order of the objects that require them. */
export function unmetVersions(objects: readonly Loaded[]): UnmetVersion[] {
  const byName = new Map<string, Loaded>();
  for (const object of objects) {
    for (const name of [object.elf.dynamic?.soname, object.name]) if (name && !byName.has(name)) byName.set(name, object);
  }
  const unmet: UnmetVersion[] = [];
  const definitions = new Map<Loaded, ReadonlySet<string>>();
  for (const requester of objects) {
    for (const { file, versions } of requester.elf.dynamic?.versionNeeds ?? []) {
      const library = byName.get(file);
      const dynamic = library?.elf.dynamic;
      if (!library || !dynamic?.hasVersionDefinitions) continue;
      const defined = definitions.get(library) ?? new Set(dynamic.versionDefinitions);
      definitions.set(library, defined);
      for (const { name, weak } of versions) {
        if (!weak && !defined.has(name)) unmet.push({ version: name, requester, name: file, library });
      }
    }
  }
  return unmet;
}

/** @throws MissingVersionError */
export function checkVersions(objects: readonly Loaded[]): void {
  const [unmet] = unmetVersions(objects);
  if (!unmet) return;
  const { version, requester, name, library } = unmet;
  throw new MissingVersionError(
    [
      `version ${printableName(version)} not found, needed by ${printableName(requester.path)}: ` +
        `${printableName(library.path)} does not have it`,
      `  chain: ${chainOf(requester)}`,
      `  ${printableName(library.path)} was found by ${printableName(library.reason)}; ` +
        `install a ${printableName(name)} that has ${printableName(version)}, or remove the older copy`,
    ].join('\n'),
  );
}
