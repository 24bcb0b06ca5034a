/**
 * Headers and files for linkers. They are packed if an object of a requested package mentions the directory of headers, as compilers do.
 * A compiler that produces C has headers of its own, such as `/usr/lib/nim/lib/nimbase.h`. These are packed, too, because its output
 * includes them.
 */
import { isFollowed } from './path-mentions';
import { HEADERS } from '../kinds/non-runtime';
import { addFound } from '../programs/add-files';
import type { Context } from '../selection/context';
import type { CurrentSelection, Pending, Selection } from '../selection/selection';
import { isSelfBuilt } from '../self-built/self-built';

export function addFilesForCompiling({ real: file }: Pending, selection: CurrentSelection, context: Context): Selection | undefined {
  const { root, packages, packageFiles } = context;
  const owner = packages.ownerOf(file);
  if (owner === undefined || !selection.requested.has(owner)) return undefined;
  if (isOnlyInterpreter(file, context)) return undefined;
  if (selection.followed.has(HEADERS) || !isFollowed(file, selection, context)) return undefined;
  const { kind, mentions } = root.content(file);
  if (kind !== 'elf' || !mentions.some((mention) => mention.path.replace(/\/$/, '') === HEADERS)) return undefined;
  const delta = selection.fork();
  delta.followed.add(HEADERS);
  for (const other of selection.requested.reachable()) {
    const why = { reason: `for compiling, of package ${other.name}`, through: file };
    const isOfProgram = selection.requested.reasonFor(other) === 'program';
    const files = [...packageFiles.forCompiling(other), ...(isOfProgram ? packageFiles.headers(other) : [])];
    const added = files.flatMap((real) => addFound(real, why, delta, context));
    for (const real of added) delta.enqueue(real, undefined);
  }
  return delta;
}

/** Whether a program is packed only to run self-built scripts. Such a program needs no headers: the scripts' modules are compiled. */
function isOnlyInterpreter(file: string, context: Context): boolean {
  const users = [...context.requestedPrograms.values()].filter(
    (program) => program.real === file || program.interpreter?.program.real === file,
  );
  return users.length > 0 && users.every((program) => program.real !== file && isSelfBuilt(program.real, context));
}
