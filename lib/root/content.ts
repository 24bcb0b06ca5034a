/**
 * What one read of a file tells: its hash, what it is, and the paths that it mentions.
 *
 * The bytes themselves are not kept: a closure can be hundreds of megabytes.
 */
import { createHash } from 'crypto';
import { type Bytes, type Elf, FormatError, readElf } from '../elf';
import { librariesInObject, librariesInText } from './library-names';
import { findMentions, type PathMention } from './mentions';
import { exceeding, type Limit, LimitError } from '../limits';

export interface Content {
  /** SHA-256, hexadecimal */
  readonly sha256: string;
  /** in bytes */
  readonly size: number;
  /** `script`: begins with `#!`; `text`: no NUL byte at its beginning; `data`: anything else */
  readonly kind: 'elf' | 'script' | 'text' | 'data';
  /** of a valid ELF file */
  readonly elf?: Elf;
  /** the reason why a file that begins like an ELF file cannot be read */
  readonly elfError?: FormatError;
  /** whether binary data follows a script or a text: an archive, or a signature over the whole file */
  readonly carriesData: boolean;
  /** the first bytes, at most `HEAD` */
  readonly head: Buffer;
  /** absolute paths in it; of data and texts only where they are small */
  readonly mentions: readonly PathMention[];
  /** names of shared libraries among its strings or words; none of data and of large texts */
  readonly libraries: readonly string[];
}

export const HEAD = 4096;
/** Data of more bytes than that is no index of paths, as `gconv-modules.cache` is one: it is not searched for any. */
const MOST_INDEX = 1024 * 1024;
/** Larger texts are not configuration or modules, and larger scripts carry an archive behind their commands. */
const MOST_TEXT = 8 * 1024 * 1024;
const MOST_MENTIONING: { readonly [kind in Content['kind']]?: number } = { data: MOST_INDEX, text: MOST_TEXT, script: MOST_TEXT };
const MAGIC = Buffer.from('\x7fELF', 'latin1');

/** Nothing of the result refers to the bytes. */
export function inspect(bytes: Buffer, where?: string): Content {
  const head = Buffer.from(bytes.subarray(0, HEAD));
  const kind = kindOf(head);
  const parsed = kind === 'elf' ? parseElf(bytes) : {};
  return {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    size: bytes.length,
    kind,
    ...parsed,
    carriesData: (kind === 'script' || kind === 'text') && bytes.includes(0),
    head,
    mentions: bytes.length > (MOST_MENTIONING[kind] ?? Infinity) ? [] : findMentions(bytes, where),
    libraries: librariesIn(bytes, kind, parsed.elf),
  };
}

function librariesIn(bytes: Buffer, kind: Content['kind'], elf: Elf | undefined): string[] {
  if (kind === 'text' || kind === 'script') return librariesInText(bytes);
  return elf === undefined ? [] : librariesInObject(bytes, elf);
}

/**
 * The content of a file that no layer can hold, of which only the head is read. It may be looked at and skipped; whoever needs
 * its hash, to pack it, gets an error.
 */
export function oversized(real: string, size: number, head: Buffer, limit: Limit): Content {
  const kind = kindOf(head);
  return {
    get sha256(): string {
      throw new LimitError(limit, size, real);
    },
    size,
    kind,
    elfError: kind === 'elf' ? new FormatError(exceeding(limit, size), 0) : undefined,
    carriesData: false,
    head,
    mentions: [],
    libraries: [],
  };
}

export function kindOf(head: Buffer): Content['kind'] {
  if (head.subarray(0, 4).equals(MAGIC)) return 'elf';
  if (head.toString('latin1', 0, 2) === '#!') return 'script';
  return head.includes(0) ? 'data' : 'text';
}

/** @param whole see `readElf` */
export function parseElf(bytes: Bytes, whole = true): Pick<Content, 'elf' | 'elfError'> {
  try {
    return { elf: readElf(bytes, whole) };
  } catch (error) {
    if (error instanceof FormatError) return { elfError: error };
    throw error;
  }
}
