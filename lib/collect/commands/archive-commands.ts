/**
 * Commands that the classes of a Java archive start. A command counts if a class has its name or path as a string, and the archive's
 * package depends on or recommends the package of the command.
 */
import * as path from 'path';
import { addCommand } from './commands';
import { constantsIn, isArchive } from '../../root/java-archive';
import { isCommandDirectory } from '../../root/standard';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { dependenciesOf, recommendedBy } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** The names and paths of commands that an archive contains. Cached, because a layer may be collected several times. */
const namedIn = cacheByRoot<ReadonlySet<string>>();

export function addCommandsOfArchive({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !selection.requested.has(owner) || !isArchive(root.content(file).head)) return undefined;
  const providers = [...dependenciesOf(owner, packages), ...recommendedBy(owner, packages)].filter(({ isEssential }) => !isEssential);
  const commands = new Map<string, string>();
  for (const command of providers.flatMap((provider) => packages.files(provider))) {
    if (!isCommandDirectory(path.posix.dirname(command)) || !root.isFile(command)) continue;
    for (const written of [command, path.posix.basename(command)]) if (!commands.has(written)) commands.set(written, command);
  }
  if (commands.size === 0) return undefined;
  const delta = selection.fork();
  const named = namedIn(root, [file, ...commands.keys()].join('\0'), () => constantsIn(root.read(file), commands.keys()));
  const started = new Set([...named].map((written) => commands.get(written)!));
  for (const command of started) {
    const name = path.posix.basename(command);
    if (!delta.commands.has(name)) delta.merge(addCommand(name, command, file, delta, context));
  }
  return delta;
}
