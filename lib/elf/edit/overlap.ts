/**
 * Rejects files in which two structures share bytes: an edit of one would change the other.
 */
import type { DynamicSection } from '../dynamic-section';
import { DT_SYMTAB } from '../dynamic-section';
import { FormatError, hex } from '../format-error';
import type { Header } from '../header';
import { PHDR_SIZE } from '../header';
import { HEADER_SIZE } from '../identification';
import type { Part } from './part';
import { ADDRESSES } from './part';
import type { Segment } from '../program-header';
import { locate, PT_DYNAMIC, PT_GNU_PROPERTY, PT_INTERP, PT_NOTE } from '../program-header';

/** A range of a file with a meaning of its own. */
export interface Structure {
  readonly name: string;
  readonly offset: number;
  /** in bytes */
  readonly size: number;
}

/** Lists structures that must not share bytes with an edited part. Linkers never let them overlap. */
export function structures(header: Header, segments: readonly Segment[], dynamic: DynamicSection | undefined): Structure[] {
  const names: Readonly<Record<number, string>> = {
    [PT_INTERP]: 'PT_INTERP', [PT_DYNAMIC]: 'PT_DYNAMIC', [PT_NOTE]: 'PT_NOTE', [PT_GNU_PROPERTY]: 'PT_GNU_PROPERTY',
  };
  return [
    { name: 'the ELF header', offset: 0, size: HEADER_SIZE },
    { name: 'the program header table', offset: header.phoff, size: header.phnum * PHDR_SIZE },
    ...segments.flatMap(({ type, offset, filesz }) => (names[type] === undefined ? [] : [{ name: names[type], offset, size: filesz }])),
    ...ADDRESSES.flatMap((tag) => {
      const address = dynamic?.number(tag);
      const start = address === undefined ? undefined : locate(segments, address);
      return start ? [{ name: `the data of dynamic tag ${hex(tag)}`, offset: start.offset, size: 1 }] : [];
    }),
  ];
}

/**
 * Checks that symbols do not overlap the program header table, which edits may change. The size of the symbol table is
 * unknown, so only its beginning is checked.
 *
 * @throws FormatError
 */
export function checkSymbols({ phoff, phnum }: Header, segments: readonly Segment[], dynamic: DynamicSection | undefined): void {
  const address = dynamic?.number(DT_SYMTAB);
  const start = address === undefined ? undefined : locate(segments, address)?.offset;
  if (start === undefined || start < phoff || start >= phoff + phnum * PHDR_SIZE) return;
  throw new FormatError('found symbols in the program header table, expected each in a place of its own', start);
}

/** @throws FormatError if a part shares bytes with another structure */
export function checkOverlaps(parts: readonly Part[], others: readonly Structure[]): void {
  for (const { place: { offset, size } } of parts) {
    const other = others.find((candidate) => (
      candidate.offset < offset + size && offset < candidate.offset + candidate.size && !isSame(candidate, { offset, size })));
    if (other) {
      throw new FormatError(
        `found ${other.name} at ${hex(other.offset)} in the ${size} bytes that would be edited, expected each in a place of its own`,
        offset,
      );
    }
  }
}

/** True if a structure is the part itself, or has the same start and an unknown size, which `structures` gives as 1. */
function isSame(structure: Structure, part: { readonly offset: number; readonly size: number }): boolean {
  return structure.offset === part.offset && (structure.size === part.size || structure.size === 1);
}
