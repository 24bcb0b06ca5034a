/**
 * Symbol versions: what an object wants of a library by name and version (DT_VERNEED) has to be among what
 * the library has (DT_VERDEF), or the loader refuses to start the program.
 *
 * glibc elf/dl-version.c, _dl_check_map_versions. A weak one may be missing; a library without any
 * versions only earns a warning.
 */
import { chainOf } from './closure';
import { Loaded } from '../loader/search';

/** A symbol version that the library which serves it does not have. */
export class MissingVersionError extends Error {}

/** @throws MissingVersionError */
export function checkVersions(objects: readonly Loaded[]): void {
  const byName = new Map<string, Loaded>();
  for (const object of objects) {
    for (const name of [object.elf.dynamic?.soname, object.name]) if (name && !byName.has(name)) byName.set(name, object);
  }
  for (const object of objects) {
    for (const { file, versions } of object.elf.dynamic?.versionNeeds ?? []) {
      const dynamic = byName.get(file)?.elf.dynamic;
      if (!dynamic?.hasVersionDefinitions) continue;
      const missing = versions.find(({ name, weak }) => !weak && !dynamic.versionDefinitions.includes(name));
      if (!missing) continue;
      throw new MissingVersionError([
        `version ${missing.name} not found, needed by ${object.path}: ${byName.get(file)!.path} does not have it`,
        `  chain: ${chainOf(object).join(' → ')}`,
        `  ${byName.get(file)!.path} was found by ${byName.get(file)!.reason}; install a ${file} that has ${missing.name}, or remove the older copy`,
      ].join('\n'));
    }
  }
}
