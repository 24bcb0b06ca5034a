/**
 * Commands in the command lines of a requested program's configuration, such as `command="&quot;gs&quot; -q …"` in ImageMagick's list of
 * converters. This rule is for commands whose packages are only recommended by the program's packages. They may be larger than the
 * program, and most functions do without them. So they are not packed, and a notice names them.
 */
import * as path from 'path';
import { isCode } from './command-words';
import { commandsRecommendedBy } from './recommended-commands';
import { isDocumentation } from '../kinds/non-runtime';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Start of the reason for skipping such a command. The path of the program follows. */
export const OF_CONFIGURATION = 'its package is only recommended by the packages of ';

/** Maximum size of a configuration file, in bytes. */
const MOST_TEXT = 64 * 1024;

/** A command at the beginning of a value, with an option behind it. Both may be in quotes. */
const COMMAND_LINE = /["'=](?:["']|&quot;)?([\w.+-]+)(?:["']|&quot;)? +["']?-/g;

export function skipRecommendedByConfiguration(
  { real: file }: Pending,
  selection: CurrentSelection,
  context: Context,
): Selection | undefined {
  const { root, packages, requestedPrograms } = context;
  const { requested } = selection;
  const sourceOf = (real: string) => packages.ownerOf(real)?.source;
  const source = sourceOf(file);
  const program = source === undefined ? undefined : [...requestedPrograms.keys()].find((real) => sourceOf(real) === source);
  if (program === undefined || isDocumentation(file) || isCode(file)) return undefined;
  const { kind, size } = root.content(file);
  if (kind !== 'text' || size > MOST_TEXT) return undefined;
  const recommended = [...requested].filter((one) => one.source === source).flatMap((one) => commandsRecommendedBy(one, context));
  const optional = recommended.filter(({ provider }) => !provider.isEssential && !requested.needs(provider));
  if (optional.length === 0) return undefined;
  const text = root.scan(file, (bytes) => bytes.toString('latin1'));
  const words = new Set([...text.matchAll(COMMAND_LINE)].map(([, word]) => word));
  const named = optional.filter(({ path: command }) => words.has(path.posix.basename(command)));
  if (named.length === 0) return undefined;
  const delta = selection.fork();
  for (const { path: command } of named) if (!delta.files.has(root.real(command)!)) delta.skip(command, OF_CONFIGURATION + program);
  return delta;
}
