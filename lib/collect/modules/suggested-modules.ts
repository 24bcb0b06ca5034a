/**
 * Modules that the code of a requested script imports from packages that the script's package only suggests. Only plug-ins of the script
 * need such modules, so they are not packed, and a notice names them.
 */
import { modulesNamedIn } from './imported-modules';
import { isCode } from '../commands/command-words';
import type { Context } from '../selection/context';
import { isForDevelopment } from '../selection/requested-packages';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';

/** Start of the reason for skipping such a module. The path of the script follows. */
export const SUGGESTED_MODULE = 'a module of a package that is only suggested by the package of ';

export function skipSuggestedModules({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages, requestedPrograms } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !isCode(file) || root.content(file).kind !== 'text') return undefined;
  const script = [...requestedPrograms.values()].find(({ real, interpreter }) => (
    interpreter?.program.elf !== undefined && packages.ownerOf(real)?.source === owner.source));
  const suggested = new Set((owner.suggests ?? []).flatMap((name) => packages.get(name) ?? []).filter((one) => (
    !isForDevelopment(one) && !selection.requested.reachable().has(one))));
  if (script === undefined || suggested.size === 0) return undefined;
  const delta = selection.fork();
  for (const [name, providers] of modulesNamedIn(file, script, context)) {
    if (providers.length > 0 && providers.every((one) => suggested.has(one))) delta.skip(name, SUGGESTED_MODULE + script.real);
  }
  return delta;
}
