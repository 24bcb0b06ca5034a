/**
 * Commands of direct dependencies that a requested program may start, but that no rule packs. The rules for commands need whole strings,
 * and nothing separates the strings of a Go or Rust program: rustc's library has `gcc` between other words. So such commands are not
 * packed, and a notice names them.
 *
 * A command counts only if its package has the same name: a package that depends on gcc needs the command `gcc`. A package that depends on
 * procps, which has no command `procps`, mostly needs the commands of procps only for its maintainer scripts.
 */
import * as path from 'path';
import { hasCommands } from './module-commands';
import { stringsWith } from '../../elf';
import type { Root } from '../../root/root';
import { withinMetapackages } from '../relations/metapackages';
import { cacheByRoot } from '../selection/cache-by-root';
import type { Context } from '../selection/context';
import { isForDevelopment } from '../selection/requested-packages';
import type { Selection } from '../selection/selection';

/** Start of the reason for skipping such a command. The path of the program follows. */
export const OF_DEPENDENCY = 'packed files contain its name, maybe as an ordinary word, and its package is a dependency of the package of ';

/** Applied to a complete selection: any rule may have packed the command. */
export function skipCommandsOfDependencies(selection: Selection, context: Context): void {
  const { root, packages, packageFiles, requestedPrograms } = context;
  for (const [program, { elf }] of requestedPrograms) {
    const owner = packages.ownerOf(program);
    if (elf === undefined || owner === undefined) continue;
    const commands = withinMetapackages(owner.depends, context)
      .filter((one) => hasCommands(one, owner, context) && !isForDevelopment(one))
      .flatMap((one) => packageFiles.commands(one).filter((command) => path.posix.basename(command) === one.name))
      .filter((command) => root.isFile(command) && !isJudged(command, selection, context));
    if (commands.length === 0) continue;
    const objects = filesOf(owner.source, selection, context);
    for (const command of commands) {
      const name = path.posix.basename(command);
      if (objects.some((object) => hasWord(object, name, root))) selection.skip(command, OF_DEPENDENCY + program);
    }
  }
}

/** The packed files of the packages that are built from a source package. */
export function filesOf(source: string, { files }: Selection, { packages }: Context): string[] {
  return [...files.keys()].filter((file) => packages.ownerOf(file)?.source === source);
}

/** Whether a command is packed, or excluded, or another rule has skipped it, for a better reason. */
export function isJudged(command: string, { files, skipped }: Selection, { root, isExcluded }: Context): boolean {
  const real = root.real(command) ?? command;
  return files.has(real) || skipped.has(command) || skipped.has(real) || isExcluded(real);
}

/** Cached, because a layer may be collected several times. */
const known = cacheByRoot<boolean>();

/** Whether an object has a word in its strings. */
function hasWord(object: string, word: string, root: Root): boolean {
  const { elf } = root.content(object);
  if (elf === undefined) return false;
  return known(root, `${object} ${word}`, () => {
    const pattern = new RegExp(`(?<![\\w.+/-])${word.replace(/[^\w-]/g, '\\$&')}(?![\\w.+/-])`);
    return [...root.scan(object, (bytes) => stringsWith(word, bytes, elf, Infinity))].some((text) => pattern.test(text));
  });
}
