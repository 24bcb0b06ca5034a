/**
 * Checks an edited file: everything that was not edited must be as before.
 */
import { isDeepStrictEqual } from 'util';
import { type NewNeed, replacedNames } from './edit-dynamic';
import type { Elf } from '../elf';
import { readElf } from '../elf';
import { FormatError, hex } from '../format-error';

export type Range = { readonly offset: number; readonly size: number };

/** The extent of an edit. Each byte of the original is unchanged in the edited file, possibly moved, unless it is in one of `written`. */
export interface Change {
  /** ranges in the edited file */
  readonly written: readonly Range[];
  /** number of bytes inserted at the beginning of the file */
  readonly moved: number;
  /** end of the original's image, in bytes */
  readonly end: number;
  /** number of bytes by which the data behind the image moved */
  readonly shift: number;
}

/**
 * Reads an edited file as the loaders do and compares it with the original. Only the edited fields may differ.
 *
 * @returns the edited file
 * @throws FormatError
 */
export function checked(
  original: Buffer,
  edited: Buffer,
  edit: { readonly interpreter?: string; readonly rpath?: string; readonly needed?: readonly NewNeed[] },
  change: Change,
): Buffer {
  checkRest(original, edited, change);
  const [before, after] = [readElf(original, false), readBack(edited)];
  const names = replacedNames(edit.needed ?? []);
  const dynamic = before.dynamic && {
    ...before.dynamic,
    ...(edit.rpath !== undefined && { rpath: edit.rpath || undefined, runpath: undefined }),
    ...(edit.needed && { needed: edit.needed.map(([name]) => name) }),
    versionNeeds: before.dynamic.versionNeeds.map((need) => ({ ...need, file: names.get(need.file) ?? need.file })),
    spareEntries: after.dynamic?.spareEntries,
    stringBytes: after.dynamic?.stringBytes,
  };
  const expected = {
    machine: before.machine,
    type: before.type,
    osAbi: before.osAbi,
    interpreter: edit.interpreter ?? before.interpreter,
    dynamic,
  };
  for (const [field, value] of Object.entries(expected)) {
    if (!isDeepStrictEqual(defined(after[field as keyof Elf]), defined(value))) {
      throw new FormatError(
        `found parts that share bytes: after the edit, the file has another ${field}; expected each part in a place of its own`,
        0,
      );
    }
  }
  return edited;
}

function checkRest(original: Buffer, edited: Buffer, { written, moved, end, shift }: Change): void {
  const image = edited.subarray(0, end + moved);
  const ranges = [...written].sort((a, b) => a.offset - b.offset);
  let from = moved;
  for (const { offset, size } of [...ranges, { offset: image.length, size: 0 }]) {
    const to = Math.min(Math.max(offset, from), image.length);
    if (!image.subarray(from, to).equals(original.subarray(from - moved, to - moved))) {
      throw new FormatError(`internal error: an edit changed bytes between ${hex(from)} and ${hex(to)}, expected them as they were`, from);
    }
    from = Math.max(from, offset + size);
  }
  if (end < original.length && !edited.subarray(end + shift).equals(original.subarray(end))) {
    throw new FormatError('internal error: an edit changed appended data, expected it as it was', end);
  }
}

function readBack(edited: Buffer): Elf {
  try {
    return readElf(edited, false);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(
      `found parts that share bytes: after the edit, the file cannot be read (${error.message}); expected each part in a place of its own`,
      0,
    );
  }
}

/** A copy without properties that are undefined, so that these are equal to missing ones. */
function defined(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Set)
    ? Object.fromEntries(Object.entries(value).filter(([, property]) => property !== undefined)) : value;
}
