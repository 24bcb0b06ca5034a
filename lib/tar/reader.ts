/**
 * Reads a tar archive that is not trusted, as a stream: ustar, pax and GNU's long names.
 *
 * An archive must end with two empty blocks. Headers with wrong checksums, and sparse files in pax format, are errors. Sparse files in
 * GNU's older format and parts of multi-volume archives are entries of the type `unknown`.
 */
import { BLOCK, checksumOf, type Field, fieldOf, TYPES, type TarType } from './format';

/** An archive that cannot be read. */
export class TarError extends Error {
  /**
   * @param message completes the sentence "the archive …"
   * @param detail what was found
   */
  constructor(
    message: 'has a sparse file, which is not supported,' | 'is damaged' | 'is not tar' | 'is truncated',
    public readonly detail?: string,
  ) {
    super(message);
  }
}

export interface TarEntry {
  /** `unknown` for a type flag that `TYPES` does not have */
  readonly type: TarType | 'unknown';
  /** the type flag in the header */
  readonly flag: string;
  /** as in the archive, decoded as UTF-8: U+FFFD stands for bytes that are not UTF-8 */
  readonly path: string;
  /** target of a link */
  readonly link: string;
  /** permissions */
  readonly mode: number;
  /** in bytes */
  readonly size: number;
  readonly modified: Date;
  /** Read the content. Content that is not read is skipped. */
  content(): AsyncGenerator<Buffer>;
}

/** Limit for pax records and long names, in bytes: a path on Linux has at most 4096. */
const MOST_RECORDS = 1024 * 1024;
/** Limit for a time, in seconds: a `Date` holds no more. */
const LAST_TIME = 8_640_000_000_000;

type Records = ReadonlyMap<string, string>;

/**
 * Read entries one by one. Data after the end of the archive is read and dropped, so that the sender can finish.
 *
 * @throws TarError
 */
export async function* readTar(tar: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(tar);
  try {
    yield* entriesOf(bytes);
  } finally {
    // a reader that stops early must not leave its sender waiting
    await bytes.close();
  }
}

async function* entriesOf(bytes: Bytes): AsyncGenerator<TarEntry> {
  let global: Records = new Map();
  let records: Records = new Map();
  for (let isFirst = true; ; isFirst = false) {
    const header = await bytes.exactly(BLOCK);
    if (isFirst && fieldOf(header, 'magic').toString('latin1', 0, 5) !== 'ustar') throw new TarError('is not tar');
    if (isEmpty(header)) {
      if (!isEmpty(await bytes.exactly(BLOCK))) throw new TarError('is damaged', 'a single empty block');
      return bytes.drop();
    }
    if (numberOf(header, 'checksum') !== checksumOf(header)) throw new TarError('is damaged', 'a header whose checksum is wrong');
    const flag = fieldOf(header, 'type').toString('latin1');
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      const content = await described(bytes, numberOf(header, 'size'));
      if (flag === 'g') global = new Map([...global, ...paxRecords(content)]);
      else if (flag === 'x') records = new Map([...records, ...paxRecords(content)]);
      else records = new Map([...records, [flag === 'L' ? 'path' : 'linkpath', textOf(content)]]);
      continue;
    }
    const entry = entryOf(header, flag, new Map([...global, ...records]));
    records = new Map();
    let rest = entry.type === 'directory' ? 0 : entry.size;
    const padding = (BLOCK - rest % BLOCK) % BLOCK;
    const content = async function* () {
      while (rest > 0) {
        const part = await bytes.some(rest);
        rest -= part.length;
        yield part;
      }
    };
    yield { ...entry, content };
    while (rest > 0) rest -= (await bytes.some(rest)).length;
    await bytes.exactly(padding);
  }
}

/** The content of a header that describes the next entry or, with the flag `g`, all entries after it. */
async function described(bytes: Bytes, size: number): Promise<Buffer> {
  if (size > MOST_RECORDS) throw new TarError('is damaged', `a pax header of ${size} bytes, more than ${MOST_RECORDS}`);
  const content = await bytes.exactly(size);
  await bytes.exactly((BLOCK - size % BLOCK) % BLOCK);
  return content;
}

function entryOf(header: Buffer, flag: string, records: Records): Omit<TarEntry, 'content'> {
  if ([...records.keys()].some((key) => key.startsWith('GNU.sparse.'))) throw new TarError('has a sparse file, which is not supported,');
  const name = textOf(fieldOf(header, 'name'));
  // GNU's header has times in place of the prefix
  const isPosix = fieldOf(header, 'magic').toString('latin1', 0, 6) === 'ustar\0';
  const prefix = isPosix ? textOf(fieldOf(header, 'prefix')) : '';
  const path = records.get('path') ?? (prefix === '' ? name : `${prefix}/${name}`);
  const isOld = flag === '\0';
  const type = isOld ? (path.endsWith('/') ? 'directory' : 'file') : TYPES[flag as unknown as keyof typeof TYPES] ?? 'unknown';
  const seconds = recordedNumber(records, 'mtime') ?? numberOf(header, 'modified');
  return {
    type,
    flag,
    path,
    link: records.get('linkpath') ?? textOf(fieldOf(header, 'link')),
    mode: numberOf(header, 'mode') & 0o7777,
    size: sizeOf(recordedNumber(records, 'size') ?? numberOf(header, 'size')),
    modified: new Date(Math.max(-LAST_TIME, Math.min(seconds, LAST_TIME)) * 1000),
  };
}

function sizeOf(size: number): number {
  if (!Number.isSafeInteger(size) || size < 0) throw new TarError('is damaged', `a file of ${size} bytes`);
  return size;
}

function recordedNumber(records: Records, key: string): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  if (!/^-?\d{1,20}(?:\.\d{0,20})?$/.test(text)) throw new TarError('is damaged', `a pax record '${key}' that is not a number`);
  return Number(text);
}

/** `LENGTH KEY=VALUE\n`, repeated. */
function paxRecords(content: Buffer): Records {
  const records = new Map<string, string>();
  const broken = () => new TarError('is damaged', 'a malformed pax record');
  for (let start = 0; start < content.length;) {
    const space = content.indexOf(0x20, start);
    const digits = space < 0 ? '' : content.toString('latin1', start, Math.min(space, start + 9));
    if (!/^[1-9]\d{0,7}$/.test(digits)) throw broken();
    const end = start + Number(digits);
    const equals = content.indexOf(0x3d, space);
    if (end > content.length || content[end - 1] !== 0x0a || equals < 0 || equals >= end) throw broken();
    const value = content.toString('utf8', equals + 1, end - 1);
    if (value.includes('\0')) throw new TarError('is damaged', 'a pax record with a NUL character');
    records.set(content.toString('utf8', space + 1, equals), value);
    start = end;
  }
  return records;
}

/** Text up to the first NUL. */
function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** An octal number, or GNU's binary one: the first bit is set, and the others are a big-endian two's complement. */
function numberOf(header: Buffer, field: Field): number {
  const bytes = fieldOf(header, field);
  if ((bytes[0] & 0x80) === 0) {
    const text = textOf(bytes).trim();
    if (!/^[0-7]*$/.test(text)) throw new TarError('is damaged', `a header in which '${field}' is not a number`);
    return Number.parseInt(text || '0', 8);
  }
  const isNegative = (bytes[0] & 0x40) !== 0;
  const first = BigInt(isNegative ? bytes[0] - 0x100 : bytes[0] & 0x7f);
  return Number(bytes.subarray(1).reduce((sum, byte) => sum * 256n + BigInt(byte), first));
}

function isEmpty(block: Buffer): boolean {
  return block.every((byte) => byte === 0);
}

/** A stream of bytes, taken in pieces of any length. */
class Bytes {
  private readonly chunks: AsyncIterator<Buffer>;
  private chunk: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.chunks = source[Symbol.asyncIterator]();
  }

  /** One byte or more, at most `limit`. */
  public async some(limit: number): Promise<Buffer> {
    while (this.chunk.length === 0) {
      const { done, value } = await this.chunks.next();
      if (done) throw new TarError('is truncated');
      this.chunk = value;
    }
    const part = this.chunk.subarray(0, limit);
    this.chunk = this.chunk.subarray(part.length);
    return part;
  }

  public async exactly(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let rest = length; rest > 0; rest -= parts.at(-1)!.length) parts.push(await this.some(rest));
    return parts.length === 1 ? parts[0] : Buffer.concat(parts);
  }

  public async close(): Promise<void> {
    await this.chunks.return?.();
  }

  public async drop(): Promise<void> {
    while (!(await this.chunks.next()).done);
  }
}
