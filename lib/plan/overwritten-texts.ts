/**
 * Texts that are overwritten in objects: those that lead musl's loader to the host, and directories in which programs cannot write
 * on Lambda.
 */
import { confine } from './confine-musl';
import type { Edits } from './plan';
import { writableDirectoriesIn } from './writable-directories';
import type { PathMention } from '../root/mentions';
import type { RootPath } from '../root/paths';
import type { Root } from '../root/root';

/**
 * @param real an object
 * @param muslLoader the loader of musl that the layer's programs name, if any does
 */
export function overwrittenTexts(
  real: RootPath,
  mentions: readonly PathMention[],
  muslLoader: RootPath | undefined,
  root: Root,
): Edits['texts'] {
  const confined = real === muslLoader ? confine(root.read(real), real) : [];
  const texts = [...confined, ...writableDirectoriesIn(mentions)];
  return texts.length === 0 ? undefined : texts;
}
