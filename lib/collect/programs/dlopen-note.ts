/**
 * `.note.dlopen`: an object's own list of libraries that it opens by name.
 *
 * UAPI Group specification 12: notes of type 0x407c0c0a and owner `FDO` that hold a JSON array of
 * `{ soname: [...], priority: 'required' | 'recommended' | 'suggested' }`, the sonames in order of preference.
 */
import type { Elf } from '../../elf';
import { withoutTrailing } from '../../text/trailing';

const TYPE = 0x407c0c0a;

export interface OpenedLibrary {
  /** alternatives, the best first */
  readonly sonames: readonly string[];
  readonly priority: 'required' | 'recommended' | 'suggested';
}

/** Reads the list of an object. Notes whose content is not such JSON are ignored. */
export function openedLibraries(elf: Elf): OpenedLibrary[] {
  return elf.notes.filter(({ owner, type }) => owner === 'FDO' && type === TYPE).flatMap(({ descriptor }) => parse(descriptor));
}

function parse(descriptor: Buffer): OpenedLibrary[] {
  try {
    const features = JSON.parse(withoutTrailing(descriptor.toString('utf8'), '\0'));
    if (!Array.isArray(features)) return [];
    return features.filter(isFeature).map(({ soname, priority }) => (
      { sonames: soname, priority: priority === 'required' || priority === 'suggested' ? priority : 'recommended' }));
  } catch {
    return [];
  }
}

function isFeature(feature: unknown): feature is { soname: string[]; priority?: unknown } {
  const { soname } = (feature ?? {}) as { soname?: unknown };
  return Array.isArray(soname) && soname.length > 0 && soname.every((name) => typeof name === 'string');
}
