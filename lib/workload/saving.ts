/**
 * The size that a slim layer saves compared to the complete layer.
 */
import type { Loaded } from '../loader/search';
import { sizeOf } from '../plan/layout/plan';
import type { Gathered, PlannedLayer } from '../plan/plan-layer';
import type { RootPath } from '../root/paths';
import { megabytes } from '../text/megabytes';
import { printable } from '../text/printable';

/** A file of the complete layer that the slim one does not have, or has as a stub. */
export interface Saved {
  readonly real: RootPath;
  /** in the complete layer, in bytes */
  readonly size: number;
  /** size of the stub that replaces it, in bytes @default - the file is left out */
  readonly stubSize?: number;
}

export interface Saving {
  /** names in the layer, in the order of the request */
  readonly programs: readonly string[];
  /** number of libraries that are unchanged in the slim layer */
  readonly libraries: number;
  readonly completeLibraries: number;
  /** unpacked, in bytes */
  readonly bytes: number;
  readonly completeBytes: number;
  /** the largest first */
  readonly saved: readonly Saved[];
}

export function savingOf(complete: Gathered, { plan }: PlannedLayer): Saving {
  const { root, collected: { processes, selection }, programs } = complete;
  const isLibrary = ({ loader, reason }: Loaded) => loader !== undefined && reason !== 'plug-in';
  const libraries = new Set([...processes.values()].flatMap(({ objects }) => objects.filter(isLibrary).map(({ real }) => real)));
  const sizes = new Map([...selection.files.keys()].map((real) => [real, root.status(real)!.size]));
  const packed = new Map(plan.entries.flatMap((entry) => (entry.kind === 'file' ? [[entry.real, entry]] : [])));
  const links = new Set(plan.entries.flatMap((entry) => (entry.kind === 'link' ? [entry.path as string] : [])));
  const saved = [...sizes].flatMap(([real, size]): Saved[] => {
    const entry = packed.get(real);
    if (entry === undefined) return links.has(real) ? [] : [{ real, size }];
    return entry.stub === undefined ? [] : [{ real, size, stubSize: entry.size }];
  });
  return {
    programs: [...programs.keys()],
    libraries: [...libraries].filter((real) => packed.has(real) && packed.get(real)!.stub === undefined).length,
    completeLibraries: libraries.size,
    bytes: sizeOf(plan),
    completeBytes: [...sizes.values()].reduce((sum, size) => sum + size, 0),
    saved: saved.sort((a, b) => b.size - a.size || (a.real < b.real ? -1 : 1)),
  };
}

/** `ffmpeg: 28 of 215 libraries, 73.9 MB instead of 283.2 MB` */
export function savingInWords({ programs, libraries, completeLibraries, bytes, completeBytes }: Saving): string {
  const ofLibraries = completeLibraries === 0 ? '' : `${libraries} of ${completeLibraries} libraries, `;
  return `${programs.join(', ')}: ${ofLibraries}${megabytes(bytes)} instead of ${megabytes(completeBytes)}`;
}

/** A table of the files that the slim layer does not have, or only as stubs. */
export function savingTable({ saved }: Saving, most = 20): string[] {
  const row = ({ real, size, stubSize }: Saved) => (
    `  ${megabytes(size).padStart(9)}  ${stubSize === undefined ? 'left out' : `stub of ${stubSize} bytes`.padEnd(8)}  ${printable(real)}`);
  const sum = (of: readonly Saved[]) => megabytes(of.reduce((bytes, { size }) => bytes + size, 0));
  const stubs = saved.filter(({ stubSize }) => stubSize !== undefined);
  const absent = saved.filter(({ stubSize }) => stubSize === undefined);
  return [
    `replaced by stubs: ${stubs.length} libraries, ${sum(stubs)}; left out: ${absent.length} files, ${sum(absent)}`,
    ...saved.slice(0, most).map(row),
    ...(saved.length > most ? [`  … and ${saved.length - most} more`] : []),
  ];
}
