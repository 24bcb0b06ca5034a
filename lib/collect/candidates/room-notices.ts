/**
 * Reasons why candidates are skipped for their sizes, and notices that list them.
 */
import { megabytes } from '../../text/megabytes';
import type { Candidate } from '../selection/selection';

/** Maximum number of packages or paths in a notice. */
const MOST_LISTED = 5;

/** @param groups packages or paths with their sizes, the largest first */
export function listed(problem: string, groups: readonly (readonly [name: string, of: { readonly bytes: number }])[]): string[] {
  if (groups.length === 0) return [];
  const names = groups.slice(0, MOST_LISTED).map(([name, { bytes }]) => `${name} (${megabytes(bytes)})`).join(', ');
  const more = groups.length > MOST_LISTED ? ` and ${groups.length - MOST_LISTED} more` : '';
  return [`${problem}: ${names}${more}; list files that you need in include: they are packed first`];
}

export function aboveLimit({ why }: Candidate, bytes: number): string {
  return `${why.reason}, but it would add ${Math.round(bytes / 1e6)} MB: name it in include if it is needed`;
}

export function noRoom({ why }: Candidate, bytes: number): string {
  return `${why.reason}, but the layer has no room for ${megabytes(bytes)}: name it in include if it is needed`;
}
