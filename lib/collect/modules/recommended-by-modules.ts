/**
 * Commands that modules of a self-built script may start: a module names the command in quotes, and the module's package only recommends
 * the command's package. Such commands may be large, and the script may do without them. So they are not packed, and a notice names them.
 */
import * as path from 'path';
import { isCode } from '../commands/command-words';
import { commandsRecommendedBy } from '../commands/recommended-commands';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';
import { isSelfBuilt } from '../self-built/self-built';

/** Start of the reason for skipping such a command. The path of the script follows. */
export const OF_MODULE = 'its package is only recommended by the package of a module of ';

export function skipRecommendedByModules({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages, requestedPrograms } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || owner.recommends.length === 0 || !isCode(file) || root.content(file).kind !== 'text') return undefined;
  const script = [...requestedPrograms.values()].find(({ real, interpreter }) => interpreter !== undefined && isSelfBuilt(real, context));
  if (script === undefined) return undefined;
  const commands = commandsRecommendedBy(owner, context).filter(({ provider }) => !provider.isEssential).map((one) => one.path);
  if (commands.length === 0) return undefined;
  const isNamed = (bytes: Buffer, name: string) => ['"', '\''].some((quote) => bytes.includes(quote + name + quote));
  const named = root.scan(file, (bytes) => commands.filter((command) => isNamed(bytes, path.posix.basename(command))));
  if (named.length === 0) return undefined;
  const delta = selection.fork();
  for (const command of named) delta.skip(command, OF_MODULE + script.real);
  return delta;
}
