/**
 * Sets PATH in shell scripts that start commands by name: Lambda's PATH ends with `/opt/bin`, so a script would start `python3` of the
 * function's runtime, which lacks the modules in the layer. The inserted assignment puts `/opt/bin` first.
 *
 * It is inserted at the beginning of the second line, so that all lines keep their numbers: some scripts print lines of their own text,
 * which they select by number.
 */
import { isShellScript } from '../../collect/commands/command-words';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';

const ASSIGNMENT = '\nPATH=/opt/bin:$PATH;';

/** Matches scripts that have another interpreter run them: `exec tclsh "$0" "$@"`. That interpreter would read the assignment, too. */
const FOR_OTHER_INTERPRETER = /\bexec\b.*\$\{?0\b|["']exec["']/;

/** @returns the text to insert after the first line, empty if the script is not for a shell alone */
export function commandsFirst(script: RootPath, root: Root): string {
  if (!isShellScript(root.content(script).head)) return '';
  return root.scan(script, (bytes) => (FOR_OTHER_INTERPRETER.test(bytes.toString('latin1')) ? '' : ASSIGNMENT));
}
