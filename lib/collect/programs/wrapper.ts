/**
 * Scripts around a program of their own package, such as `/usr/bin/R`, which starts `/usr/lib/R/bin/exec/R`. If the user requests such a
 * script, add-on packages of the program are packed, as if the user had requested the program itself.
 */
import type { Program } from '../../closure/find';
import { isProgram } from '../../elf';
import type { Package } from '../../packages/package';
import { isStandardDirectory } from '../../root/standard';
import { withoutTrailing } from '../../text/trailing';
import type { Context } from '../selection/context';
import { ownersOf } from '../selection/context';

/**
 * Whether a script names a binary program of its packages, or a directory with one. The interpreter of the script must be in an essential
 * package, like the shell: a script in another language is not a wrapper, but the program itself.
 */
export function isWrapper({ real, interpreter }: Program, owners: readonly Package[], context: Context): boolean {
  const { root, packageFiles } = context;
  if (!interpreter || !ownersOf(interpreter.program.path, context).some(({ isEssential }) => isEssential)) return false;
  const mentioned = root.content(real).mentions.map((mention) => withoutTrailing(mention.path, '/'));
  const named = [...new Set(mentioned)].filter((one) => !isStandardDirectory(one));
  const isNamed = (file: string) => named.some((one) => `${file}/`.startsWith(`${one}/`));
  return named.length > 0 && owners.some((owner) => packageFiles.data(owner).some((file) => isNamed(file) && isBinary(file, context)));
}

function isBinary(file: string, { root }: Context): boolean {
  const status = root.status(file);
  if (status?.type !== 'file' || (status.mode & 0o111) === 0) return false;
  const { elf } = root.content(file);
  return elf !== undefined && isProgram(elf);
}
