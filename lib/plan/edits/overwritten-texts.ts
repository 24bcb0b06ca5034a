/**
 * Texts that are overwritten in files: those that lead musl's loader or a linker to the host, and directories in which programs
 * cannot write on Lambda.
 */
import { confineLinker } from './confine-linker';
import { confine } from './confine-musl';
import { temporaryDirectoriesIn, writableDirectoriesIn, writableDirectoriesInText } from './writable-directories';
import { isDocumentation } from '../../collect/kinds/non-runtime';
import type { Content } from '../../root/content';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { Edits } from '../layout/plan';

/** Paths of configuration files. Paths in other texts, such as modules and documentation, are not overwritten. */
const CONFIGURATION = /^\/etc\/|\.(?:conf|cnf|cfg)$/;
/**
 * Paths of text files that are searched for directories behind a variable, such as `%{_var}/tmp`: those of configuration files, and of
 * files without an extension, which may be configuration, too, such as `/usr/lib/rpm/macros`.
 */
const WITH_VARIABLES = /^\/etc\/|\.(?:conf|cnf|cfg)$|\/[^./]+$/;
/** Maximum size of a text that is searched for variables, in bytes. */
const MOST_TEXT = 64 * 1024;

/**
 * @param real the file
 * @param muslLoader the loader of musl that the layer's programs name, if any does
 */
export function overwrittenTexts(
  real: RootPath,
  { elf, kind, size, mentions }: Content,
  muslLoader: RootPath | undefined,
  root: Root,
): Edits['texts'] {
  if (elf === undefined) {
    if (kind !== 'text' || isDocumentation(real)) return undefined;
    const mentioned = CONFIGURATION.test(real) ? writableDirectoriesInText(mentions) : [];
    const hasVariables = size <= MOST_TEXT && WITH_VARIABLES.test(real);
    const behindVariables = hasVariables ? root.scan(real, (bytes) => temporaryDirectoriesIn(bytes.toString('latin1'))) : [];
    const inText = [...mentioned, ...behindVariables];
    return inText.length === 0 ? undefined : inText;
  }
  const confined = real === muslLoader ? confine(root.read(real), real) : [];
  const texts = [...confined, ...confineLinker(mentions, () => root.read(real)), ...writableDirectoriesIn(mentions)];
  return texts.length === 0 ? undefined : texts;
}
