/**
 * Automatic compression of layers that would be too large otherwise. If the user sets `compress`, that setting applies instead.
 *
 * A compressed layer that holds everything is better than one that lacks a part of a direct dependency: the first starts slowly, the
 * second may fail.
 */
import { LARGE_FILES, NO_FILES, SMALL_FILES } from '../../collect/candidates/stored-size';
import type { Collected } from '../../collect/collect';
import { lacksLess, lacksModule } from '../../collect/selection/module-distance';
import { MOST_BYTES } from '../../lambda';
import type { Root } from '../../root/root';
import { megabytes } from '../../text/megabytes';
import { type Plan, sizeOf, temporaryBytes } from '../layout/plan';

interface Gathered {
  readonly root: Root;
  readonly collected: Collected;
}

/**
 * Collects a layer. If it is too large, or lacks a part of a direct dependency, collects it again with large files compressed. If it is
 * still too large, or lacks a module, collects it again with small files compressed as well.
 *
 * @param gather collects a layer, given the bytes of the smallest file that may be stored compressed
 * @param stated whether files may be stored compressed; `undefined` if the user does not state it
 * @param mostBytes size of the largest layer that is accepted, in bytes
 * @returns the better collection, and whether its files may be compressed
 */
export function withCompressionIfNeeded<G extends Gathered>(
  gather: (leastCompressed: number) => G,
  stated: boolean | undefined,
  mostBytes: number,
): G & { readonly compress: boolean } {
  const steps = [NO_FILES, LARGE_FILES, SMALL_FILES].filter((least) => stated === undefined || stated === (least !== NO_FILES));
  let best = { ...gather(steps[0]), compress: steps[0] !== NO_FILES };
  for (const least of steps.slice(1)) {
    const isTooLarge = leastBytes(best, mostBytes) > mostBytes;
    const { lackingDependencies: lacking } = best.collected;
    // filling a layer with thousands of candidates takes a minute, so do not compress small files if only parts of dependencies are missing
    if (!isTooLarge && !(least === SMALL_FILES ? lacksModule(lacking) : lacking.size > 0)) break;
    const compressed = gather(least);
    const { bytes, lackingDependencies } = compressed.collected;
    if (isTooLarge || (bytes <= mostBytes && lacksLess(lackingDependencies, best.collected.lackingDependencies))) {
      best = { ...compressed, compress: true };
    }
  }
  return best;
}

/**
 * Bytes of the files of a layer. If they exceed the limit, each content is counted only once, because the plan may replace further files
 * with the same content by links.
 */
function leastBytes({ collected: { selection, bytes }, root }: Gathered, mostBytes: number): number {
  if (bytes <= mostBytes) return bytes;
  const sizes = new Map([...selection.files.keys()].map((real) => [root.content(real).sha256, root.status(real)!.size]));
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** Tells the user that files are compressed, which costs time and space that the user may not expect. */
export function compressionNotice(plan: Pick<Plan, 'entries'>): string[] {
  const compressed = plan.entries.filter((entry) => entry.kind === 'file' && entry.compressed !== undefined);
  if (compressed.length === 0) return [];
  const whole = sizeOf({ entries: plan.entries.map((entry) => ({ ...entry, compressed: undefined })) });
  return [[
    `the layer would be ${megabytes(whole)} unpacked, and Lambda takes ${megabytes(MOST_BYTES)}: its ${compressed.length} largest files`,
    'are stored compressed. The first program that starts in an execution environment unpacks them to /tmp, which takes',
    `${megabytes(temporaryBytes(plan))} there. To avoid this, exclude large files that the function does not need, or set detectData:`,
    'false and list command lines in traceCommands, so that only the files that these open are packed. With compress: false, files',
    'are never compressed',
  ].join(' ')];
}
