/**
 * Texts that are overwritten in files: those that lead musl's loader or a linker to the host, and directories in which programs
 * cannot write on Lambda.
 */
import { confineLinker } from './confine-linker';
import { confine } from './confine-musl';
import { writableDirectoriesIn, writableDirectoriesInText } from './writable-directories';
import type { Content } from '../../root/content';
import type { RootPath } from '../../root/paths';
import type { Root } from '../../root/root';
import type { Edits } from '../layout/plan';

/** Paths of configuration files. Texts of modules and documentation are not overwritten. */
const CONFIGURATION = /^\/etc\/|\.(?:conf|cnf|cfg)$/;

/**
 * @param real the file
 * @param muslLoader the loader of musl that the layer's programs name, if any does
 */
export function overwrittenTexts(
  real: RootPath,
  { elf, kind, mentions }: Content,
  muslLoader: RootPath | undefined,
  root: Root,
): Edits['texts'] {
  if (elf === undefined) {
    const inText = kind === 'text' && CONFIGURATION.test(real) ? writableDirectoriesInText(mentions) : [];
    return inText.length === 0 ? undefined : inText;
  }
  const confined = real === muslLoader ? confine(root.read(real), real) : [];
  const texts = [...confined, ...confineLinker(mentions, () => root.read(real)), ...writableDirectoriesIn(mentions)];
  return texts.length === 0 ? undefined : texts;
}
