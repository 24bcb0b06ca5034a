/**
 * Describes a layer in words: as a summary of one line, or as a list of packed and skipped paths with the reason for each.
 */
import { type Entry, withKey } from './layout/plan';
import type { PlannedLayer, Summary } from './plan-layer';
import { printable } from '../text/printable';

export function report({ plan, skipped }: Pick<PlannedLayer, 'plan' | 'skipped'>): string[] {
  const leftOut = [...skipped].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...plan.entries.map((entry) => `packs ${entry.path}: ${withKey(describe(entry), plan.key)}`),
    ...leftOut.map(([path, why]) => `leaves out ${path}: ${why}`),
  ].map(printable);
}

/** `rig and 5 libraries, 21 data files` */
export function inWords({ programs, libraries, dataFiles }: Summary): string {
  const count = (number: number, singular: string, plural: string) => `${number} ${number === 1 ? singular : plural}`;
  const files = dataFiles > 0 ? `, ${count(dataFiles, 'data file', 'data files')}` : '';
  return `${programs.join(', ')} and ${count(libraries, 'library', 'libraries')}${files}`;
}

function describe(entry: Entry): string {
  switch (entry.kind) {
    case 'file': {
      const { why, real, path, stub } = entry;
      const origin = `${real}` === `${path}` ? '' : ` (${real})`;
      const rule = why.rule === undefined ? '' : ` (${why.rule})`;
      const through = why.through === undefined ? '' : `, through ${why.through}`;
      const kind = stub === undefined ? '' : 'a stub, because the workload does not call it; ';
      return kind + why.reason + rule + through + origin + (entry.compressed === undefined ? '' : ', compressed');
    }
    case 'link': return `a link to ${entry.target}`;
    case 'directory': return 'a directory';
    case 'launcher':
    case 'text': return 'of the layer\'s own';
  }
}
