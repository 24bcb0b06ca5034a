/**
 * Notices about files that are not packed because of what they may hold, or because of their permissions.
 */
import { NOT_WORLD_READABLE } from '../collect/add-files';
import { REFUSED } from '../collect/configuration';
import type { FinishedSelection } from '../collect/finish';
import { SECRET } from '../collect/secrets';

/** Names the files that are not packed because they may hold secrets. */
export function refusalNotices({ files, skipped }: FinishedSelection, globbed: ReadonlyMap<string, string>): string[] {
  const reasons = [...new Map([...globbed, ...skipped])].filter(([file]) => !files.has(file));
  const listed = (kind: string) => reasons.filter(([, reason]) => reason.startsWith(kind))
    .map(([file, reason]) => `${file} (${reason.slice(kind.length)})`).join(', ');
  const [configuration, secrets] = [listed(REFUSED), listed(SECRET)];
  return [
    ...(configuration !== '' ? [`configuration of this machine is not packed: ${configuration}; name a file in include to pack it`] : []),
    ...(secrets !== '' ? [`files that may hold credentials are skipped: ${secrets}; list a file individually in include to pack it`] : []),
  ];
}

/** Counts the files that are skipped because of their permissions: a root that was unpacked with umask 077 loses all its data. */
export function unreadableNotice(skipped: ReadonlyMap<string, string>): string[] {
  const count = [...skipped.values()].filter((reason) => reason === NOT_WORLD_READABLE).length;
  if (count === 0) return [];
  const files = count === 1 ? '1 file is' : `${count} files are`;
  const remedy = 'if the source was unpacked with another umask, unpack it again with umask 022; else name them in include';
  return [`${files} not world-readable and not packed: ${remedy}`];
}
