/**
 * The properties of a file that are found by reading it once: its hash, its kind, and its path mentions.
 *
 * The bytes are not kept in memory: a closure can have hundreds of megabytes.
 */
import { hash } from 'crypto';
import { addressOf, type Bytes, debugSections, type Elf, findVectorLoads, FormatError, isProgram, readElf } from '../elf';
import { withCountedPaths } from './counted-paths';
import { isBytecodeScript } from './counted-strings';
import { completesNames, librariesInObject, librariesInText } from './library-names';
import { findMentions, findPieces, type PathMention, PIECE } from './mentions';
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
  /** whether these data are bytecode for a script's interpreter: see counted-strings.ts */
  readonly isBytecode: boolean;
  /** the first bytes, at most `HEAD` */
  readonly head: Buffer;
  /** empty for large data and large texts */
  readonly mentions: readonly PathMention[];
  /** names of shared libraries among its strings or words; empty for data and large texts */
  readonly libraries: readonly string[];
  /** whether a text may open libraries by name, as code does */
  readonly opensLibraries: boolean;
}

export const HEAD = 4096;
/** Maximum size of data that may be an index of paths, such as `gconv-modules.cache`, in bytes. Larger data is not searched. */
export const MOST_INDEX = 1024 * 1024;
/** Maximum size of a searched text, in bytes. Larger texts are not configuration or modules; larger scripts have an archive appended. */
const MOST_TEXT = 8 * 1024 * 1024;
/** Size in bytes above which a library is not read as a whole until it is packed: see `readLargeLibrary`. */
export const LARGE = 64 * 1024;
const MOST_MENTIONING: { readonly [kind in Content['kind']]?: number } = { data: MOST_INDEX, text: MOST_TEXT, script: MOST_TEXT };
const MAGIC = Buffer.from('\x7fELF', 'latin1');

/** True if the bytes of a file may change in a layer. A script that carries data other than bytecode must not change. */
export function isChangeable({ carriesData, isBytecode }: Content): boolean {
  return !carriesData || isBytecode;
}

/** Reads a file. The result does not refer to `bytes`. */
export function inspect(bytes: Buffer, where?: string): Content {
  const basic = readHeaders(bytes);
  return { ...basic, ...search(bytes, basic, where) };
}

/** A large library. Its bytes are not searched until it is packed, because the layer may have no room for it. */
export interface LargeLibrary {
  readonly headers: Headers;
  searched?: Searched;
}

/** Reads only the headers and tables of a large library. @returns `undefined` if the file is not a library */
export function readLargeLibrary(bytes: Bytes): LargeLibrary | undefined {
  if (kindOf(bytes.subarray(0, HEAD)) !== 'elf') return undefined;
  const headers = readHeaders(bytes);
  return headers.elf === undefined || isProgram(headers.elf) ? undefined : { headers };
}

/** @param scan passes all bytes of the library to a function */
export function contentOfLibrary(library: LargeLibrary, scan: <T>(use: (all: Buffer) => T) => T, where?: string): Content {
  const searched = () => (library.searched ??= scan((all) => search(all, library.headers, where)));
  return {
    ...library.headers,
    get sha256(): string { return searched().sha256; },
    carriesData: false,
    isBytecode: false,
    get mentions(): readonly PathMention[] { return searched().mentions; },
    get libraries(): readonly string[] { return searched().libraries; },
    opensLibraries: false,
  };
}

type Searched = Pick<Content, 'sha256' | 'carriesData' | 'isBytecode' | 'mentions' | 'libraries' | 'opensLibraries'>;
type Headers = Omit<Content, keyof Searched>;

function readHeaders(bytes: Bytes): Headers {
  const start = bytes.subarray(0, HEAD);
  const kind = kindOf(start);
  // the content of an object outlives its root (see known-objects.ts), so its head must not keep the memory of other heads
  return kind === 'elf' ? { size: bytes.length, kind, ...parseElf(bytes), head: Buffer.from(start) } :
    { size: bytes.length, kind, head: copied(start) };
}

/** Memory for the heads of several files: to allocate memory for each head would take longer than to copy it. */
let heads = Buffer.alloc(0);

function copied(head: Buffer): Buffer {
  if (heads.length < head.length) heads = Buffer.allocUnsafeSlow(64 * HEAD);
  const copy = heads.subarray(0, head.length);
  copy.set(head);
  heads = heads.subarray(head.length);
  return copy;
}

function search(bytes: Buffer, { kind, elf }: Headers, where?: string): Searched {
  const isBytecode = kind === 'script' && isBytecodeScript(bytes);
  const isText = kind === 'script' || kind === 'text';
  const libraries = isText ? librariesInText(bytes) : elf === undefined ? [] : librariesInObject(bytes, elf);
  const most = isBytecode ? Infinity : MOST_MENTIONING[kind] ?? Infinity;
  return {
    sha256: hash('sha256', bytes, 'hex'),
    carriesData: isText && bytes.includes(0),
    isBytecode,
    mentions: bytes.length > most ? [] : mentionsIn(bytes, elf, where),
    libraries,
    opensLibraries: isText && (libraries.length > 0 || completesNames(bytes)),
  };
}

/**
 * Adds paths whose first 16 bytes are loaded by a single instruction. Linkers put such pieces of different strings next to each other,
 * without a NUL between them, so a path may begin and end inside a longer sequence of path characters.
 */
function withPieces(mentions: PathMention[], bytes: Buffer, elf: Elf): PathMention[] {
  const pieces = findPieces(bytes);
  if (pieces.size === 0) return mentions;
  const offsets = new Map<number, number>();
  for (const [start, count] of pieces) {
    for (let offset = start; offset < start + count * PIECE; offset += PIECE) {
      const address = addressOf(elf, offset);
      if (address !== undefined) offsets.set(address, offset);
    }
  }
  const loaded = new Set([...findVectorLoads(bytes, elf, new Set(offsets.keys()))].map((address) => offsets.get(address)!));
  const beginnings = new Map<number, string>();
  for (const [start, count] of pieces) {
    let end = start;
    // a piece that begins like a path is the first of another string
    while (end < start + count * PIECE && loaded.has(end) && (end === start || !pieces.has(end))) end += PIECE;
    if (end > start) beginnings.set(start, bytes.toString('latin1', start, end));
  }
  return beginnings.size === 0 ? mentions : withHeads(mentions, beginnings);
}

/** @param beginnings offset of each path that code loads in pieces → its beginning, in the order of the offsets */
function withHeads(mentions: PathMention[], beginnings: ReadonlyMap<number, string>): PathMention[] {
  const starts = [...beginnings.keys()];
  const mentioned = new Set(mentions.map(({ offset }) => offset));
  const added = starts.filter((offset) => !mentioned.has(offset)).map((offset): PathMention => {
    return { kind: 'whole', offset, path: beginnings.get(offset)!, head: beginnings.get(offset)! };
  });
  // a mention that seems to continue in the first piece of another path ends where that piece begins
  let next = 0;
  const trimmed = mentions.map((mention): PathMention => {
    if (mention.kind !== 'whole') return mention;
    const { offset, path } = mention;
    while (starts[next] <= offset) next++;
    const end = starts[next] ?? Infinity;
    return { ...mention, path: end < offset + path.length ? path.slice(0, end - offset) : path, head: beginnings.get(offset) };
  });
  return [...trimmed, ...added].sort((a, b) => a.offset - b.offset);
}

/** The path mentions outside of debugging information. */
function mentionsIn(bytes: Buffer, elf: Elf | undefined, where?: string): readonly PathMention[] {
  const mentions = findMentions(bytes, where);
  if (elf === undefined) return mentions;
  const ignored = debugSections(bytes);
  const isIgnored = ({ offset: at }: PathMention) => ignored.some(({ offset, size }) => at >= offset && at < offset + size);
  const loaded = ignored.length === 0 ? mentions : mentions.filter((mention) => !isIgnored(mention));
  return withCountedPaths(withPieces(loaded, bytes, elf), bytes, elf);
}

/** The content of data that is too large to be searched. Only the head is read; the rest is read for the hash, when the data is packed. */
export function largeData(size: number, head: Buffer, hashOfFile: () => string): Content {
  let known: string | undefined;
  return {
    get sha256(): string { return known ??= hashOfFile(); },
    size,
    kind: 'data',
    carriesData: false,
    isBytecode: false,
    head,
    mentions: [],
    libraries: [],
    opensLibraries: false,
  };
}

/**
 * The content of a file that is too large for any layer. Only its head is read. The file can be skipped, but not packed: its hash
 * throws a `LimitError`.
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
    isBytecode: false,
    head,
    mentions: [],
    libraries: [],
    opensLibraries: false,
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
