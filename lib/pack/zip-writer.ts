/**
 * Writes the entries of a zip with yazl, but compresses them itself.
 *
 * yazl creates a stream for each file that it compresses, which takes twice as long as compressing a small file. It compresses a large
 * file on one core. After each entry it searches all entries, which takes seconds if there are 16,000. So yazl gets only empty entries
 * here, and their headers are completed before they are written. This relies on undocumented parts of yazl. Therefore its version is
 * fixed in `package.json`, and `test/pack/zip.test.ts` reads back what is written.
 */
import type { PassThrough } from 'stream';
import { crc32 } from 'zlib';
import { ZipFile } from 'yazl';

/** yazl's entry. */
interface Entry {
  readonly getLocalFileHeader: () => Buffer;
  crc32: number;
  uncompressedSize: number;
  compressedSize: number;
  /** 0 for an entry that is stored, any other number for DEFLATE */
  compressionLevel: number;
  /** in bytes from the start of the zip */
  relativeOffsetOfLocalHeader: number;
  /** 3 when it is written */
  state: number;
}

interface UndocumentedZipFile {
  /** all entries, in the order of the directory at the end of the zip */
  entries: Entry[];
  /** while it is true, yazl writes nothing */
  allDone: boolean;
  /** bytes written so far */
  outputStreamCursor: number;
}

/** The earliest date that a zip can state: 1980-01-01 00:00 in every time zone, because zips state local times. */
const DATE = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true };
const DEFLATE = 6;
const WRITTEN = 3;
const NO_BYTES = Buffer.alloc(0);
/** Entries are written together until they have this many bytes: a write takes a system call and some 20 function calls in streams. */
const PIECE = 64 * 1024;

/** The facts about a file's content that the header of its entry states. */
export interface ContentFacts {
  /** in bytes */
  readonly size: number;
  readonly crc32: number;
}

export class ZipWriter {
  private readonly zip = new ZipFile();
  private readonly internals = this.zip as unknown as UndocumentedZipFile;
  private readonly entries: Entry[] = [];
  /** bytes that are not passed on yet */
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  /** The bytes of the zip. */
  public readonly output = this.zip.outputStream as PassThrough;

  /** @param mode file type and permissions, such as 0o40755 */
  public addDirectory(name: string, mode: number): void {
    this.write(this.entry(() => this.zip.addEmptyDirectory(name, { ...DATE, mode })), []);
  }

  /**
   * @param mode file type and permissions, such as 0o100644
   * @param deflated the compressed content @default - the content is stored uncompressed
   */
  public add(name: string, mode: number, content: Buffer, deflated?: readonly Buffer[]): void {
    this.addBytes(name, mode, { size: content.length, crc32: crc32(content) }, deflated ?? [content], deflated ? DEFLATE : 0);
  }

  /** Adds a file whose uncompressed content is not in memory. */
  public addDeflated(name: string, mode: number, content: ContentFacts, deflated: readonly Buffer[]): void {
    this.addBytes(name, mode, content, deflated, DEFLATE);
  }

  private addBytes(name: string, mode: number, content: ContentFacts, bytes: readonly Buffer[], compressionLevel: number): void {
    const entry = this.entry(() => this.zip.addBuffer(NO_BYTES, name, { ...DATE, mode, compress: false }));
    entry.crc32 = content.crc32;
    entry.uncompressedSize = content.size;
    entry.compressedSize = bytes.reduce((sum, { length }) => sum + length, 0);
    entry.compressionLevel = compressionLevel;
    this.write(entry, bytes);
  }

  /**
   * Waits until the reader of the zip has taken the bytes that were written, so that they do not pile up in memory.
   *
   * @throws Error if the reader is gone
   */
  public async flush(): Promise<void> {
    const { output } = this;
    if (output.destroyed) throw new Error('the zip is no longer being read');
    if (output.writableNeedDrain) await new Promise((resolve) => output.once('drain', resolve));
  }

  /** Writes the directory at the end. */
  public end(): void {
    this.passOn();
    this.internals.entries = this.entries;
    this.zip.end();
  }

  /** Lets yazl make an entry without writing it. */
  private entry(add: () => void): Entry {
    const { internals } = this;
    internals.allDone = true;
    add();
    internals.allDone = false;
    return internals.entries.pop()!;
  }

  private write(entry: Entry, bytes: readonly Buffer[]): void {
    const { internals } = this;
    entry.relativeOffsetOfLocalHeader = internals.outputStreamCursor;
    entry.state = WRITTEN;
    this.entries.push(entry);
    for (const part of [entry.getLocalFileHeader(), ...bytes]) {
      internals.outputStreamCursor += part.length;
      this.pendingBytes += part.length;
      this.pending.push(part);
      if (this.pendingBytes >= PIECE) this.passOn();
    }
  }

  private passOn(): void {
    const { pending } = this;
    if (pending.length > 0) this.output.write(pending.length === 1 ? pending[0] : Buffer.concat(pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}
