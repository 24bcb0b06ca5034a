/**
 * What is in a layer and why, and what is not: a line for each, in the order of their paths.
 */
import type { PlannedLayer } from './layer';
import { Entry, withKey } from './plan';
import { visible } from '../process/command';

export function report({ plan, leftOut }: Pick<PlannedLayer, 'plan' | 'leftOut'>): string[] {
  const left = [...leftOut].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...plan.entries.map((entry) => `packs ${entry.path}: ${withKey(describe(entry), plan.key)}`),
    ...left.map(([path, why]) => `leaves out ${path}: ${why}`),
  ].map(visible);
}

function describe(entry: Entry): string {
  switch (entry.kind) {
    case 'file': {
      const { why, source, path } = entry;
      const origin = source.endsWith(path) ? '' : ` (${source})`;
      return `${why.reason}${why.through === undefined ? '' : `, through ${why.through}`}${origin}`;
    }
    case 'link': return `a link to ${entry.target}`;
    case 'directory': return 'a directory';
    case 'text': return 'of the layer\'s own';
  }
}
