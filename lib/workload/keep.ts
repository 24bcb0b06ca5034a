/**
 * Files that stay in a layer even if no command of the workload uses them.
 */
import * as path from 'path';
import { type Workload, WorkloadError } from './workload';
import { COMMON, FROM_C_LIBRARY } from '../collect/programs/opened-by-glibc';
import type { Gathered } from '../plan/plan-layer';
import { pathGlob } from '../root/path-glob';
import type { RootPath } from '../root/paths';

/** The files of the complete layer that the globs of `keep` select. @throws WorkloadError if a glob selects none */
export function keptByName({ collected: { selection } }: Gathered, { keep }: Workload): Set<RootPath> {
  const kept = new Set<RootPath>();
  for (const pattern of keep) {
    const matches = matcherOf(pattern);
    const matching = [...selection.files.keys()].filter((real) => matches(real));
    if (matching.length === 0) {
      throw new WorkloadError([
        `keep '${pattern}' matches no library or file of the complete layer: expected a glob, such as 'libx265.so.*' for names, `,
        'or \'/usr/share/rig/**\' for paths; files that the layer lacks are added with include',
      ].join(''), 'keep', 'include');
    }
    for (const real of matching) kept.add(real);
  }
  return kept;
}

/** A glob without `/` selects files by their names. A glob with `/` selects files by their paths, or by the path of a directory above. */
function matcherOf(pattern: string): (real: string) => boolean {
  if (!pattern.includes('/')) {
    const matches = pathGlob(pattern);
    return (real) => matches(path.posix.basename(real));
  }
  const matches = pathGlob(path.posix.resolve('/', pattern));
  return (real) => {
    for (let at = real; at !== '/'; at = path.posix.dirname(at)) if (matches(at)) return true;
    return false;
  };
}

/** Modules of `iconv`. Those for uncommon character sets take 7 MB together, so each of those is kept only if a command uses it. */
const MODULE = /\/gconv\/[^/]+\.so$/;

/**
 * The requested programs with their interpreters, included files, files that the C library opens, and the configuration of the packages of
 * the requested programs.
 */
export function alwaysKept({ programs, collected: { selection }, packages, included }: Gathered): Set<RootPath> {
  const requested = [...programs.values()].flatMap(({ real, interpreter }) => (interpreter ? [real, interpreter.program.real] : [real]));
  const sources = new Set(requested.flatMap((real) => packages.ownerOf(real)?.source ?? []));
  const isConfiguration = (real: string) => real.startsWith('/etc/') && sources.has(packages.ownerOf(real)?.source ?? '');
  const isIncluded = (real: string) => included.some((above) => real === above || real.startsWith(`${above}/`));
  const kept = new Set<RootPath>(requested);
  for (const [real, { reason }] of selection.files) {
    const isFromLibrary = reason === FROM_C_LIBRARY && (!MODULE.test(real) || COMMON.test(real));
    if (isIncluded(real) || isFromLibrary || isConfiguration(real)) kept.add(real);
  }
  return kept;
}
