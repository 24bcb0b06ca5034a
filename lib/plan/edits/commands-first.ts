/**
 * PATH in shell scripts that start commands by name: Lambda's PATH ends with `/opt/bin`, so a script would start `python3` of the
 * function's runtime, which lacks the modules in the layer. The script itself puts `/opt/bin` first.
 *
 * The assignment is inserted at the beginning of the second line, so all lines keep their numbers: scripts print lines of their own.
 */
import { isShellScript } from '../../collect/commands/command-words';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';

const ASSIGNMENT = '\nPATH=/opt/bin:$PATH;';

/** A script that gives its own path to another interpreter, for which it must remain valid: `exec tclsh "$0" "$@"`. */
const FOR_OTHER_INTERPRETER = /\bexec\b.*\$\{?0\b|["']exec["']/;

/** @returns the text to insert behind the first line, empty if the script is not for a shell alone */
export function commandsFirst(script: RootPath, root: Root): string {
  if (!isShellScript(root.content(script).head)) return '';
  return root.scan(script, (bytes) => (FOR_OTHER_INTERPRETER.test(bytes.toString('latin1')) ? '' : ASSIGNMENT));
}
