/**
 * Writes a layer as a zip. The same plan gives the same bytes, whatever the machine, its clock, its time zone and its umask.
 *
 * A symbolic link is an entry whose content is the target, with the mode of a link; AWS Lambda unpacks it as a link.
 */
import type { Hash } from 'crypto';
import * as fs from 'fs';
import { availableParallelism } from 'os';
import { crc32 } from 'zlib';
import { deflate } from './deflate';
import type { Written } from './entries';
import { written } from './entries';
import type { ZippedEntry } from './zip-headers';
import { centralHeader, endOfDirectory, localHeader } from './zip-headers';
import type { Plan } from '../plan/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/** The size of a written layer. */
export interface Packed {
  /** unpacked */
  readonly bytes: number;
  /** of the archive */
  readonly zipBytes: number;
}

/** Called with the number of bytes that are packed so far. */
export type Progress = (bytes: number) => void;

const FILE_MODE = 0o100000;
const LINK_MODE = 0o120777;
const DIRECTORY_MODE = 0o40755;
/** The most bytes of files, and the most files, that are in memory at a time, being compressed or waiting. */
const MOST_WAITING = 24 * 1024 * 1024;
const MOST_WAITING_FILES = 256;
/** Bytes that are written at a time. */
const PIECE = 1024 * 1024;

/**
 * Writes a plan's zip, whole or not at all.
 *
 * @param file replaced if it exists
 * @param hash gets every byte that is written
 * @throws ChangedFileError, UneditableFileError; Error if the file cannot be written
 */
export async function writeZip(plan: Plan, file: string, progress?: Progress, hash?: Hash): Promise<Packed> {
  useEveryCore();
  const temporary = unfinished(file);
  try {
    const packed = await writeTo(fs.openSync(temporary, 'w', 0o644), plan, progress, hash);
    fs.renameSync(temporary, file);
    return packed;
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}

/** libuv starts four threads unless it is told otherwise before the first of them. */
function useEveryCore(): void {
  process.env.UV_THREADPOOL_SIZE ??= `${Math.max(4, availableParallelism())}`;
}

async function writeTo(descriptor: number, plan: Plan, progress?: Progress, hash?: Hash): Promise<Packed> {
  try {
    const writer = new ZipWriter(descriptor, hash);
    const bytes = await addEntries(writer, plan, progress);
    return { bytes, zipBytes: writer.end() };
  } finally {
    fs.closeSync(descriptor);
  }
}

/** An entry whose bytes are being compressed. */
interface Waiting {
  readonly entry: Written;
  readonly deflated: Promise<readonly Buffer[]>;
}

/** @returns the number of bytes of the files */
async function addEntries(writer: ZipWriter, plan: Plan, progress?: Progress): Promise<number> {
  const waiting: Waiting[] = [];
  let [bytes, bytesWaiting] = [0, 0];
  const writeNext = async () => {
    const { entry, deflated } = waiting.shift()!;
    writer.add(entry, await deflated);
    if (entry.kind !== 'file') return;
    bytes += entry.content.length;
    bytesWaiting -= entry.content.length;
    progress?.(bytes);
  };
  for (const entry of written(plan)) {
    const deflated = entry.kind === 'file' ? deflate(entry.content) : Promise.resolve([]);
    deflated.catch(() => {}); // its failure is awaited below, or follows another one
    waiting.push({ entry, deflated });
    if (entry.kind === 'file') bytesWaiting += entry.content.length;
    while (bytesWaiting > MOST_WAITING || waiting.length > MOST_WAITING_FILES) await writeNext();
  }
  while (waiting.length > 0) await writeNext();
  return bytes;
}

/** Writes entries one after the other, and the directory behind them. */
class ZipWriter {
  private readonly directory: Buffer[] = [];
  /** what is not written yet */
  private readonly piece = Buffer.allocUnsafe(PIECE);
  private pending = 0;
  private offset = 0;

  constructor(private readonly descriptor: number, private readonly hash?: Hash) {}

  /** @param deflated the content of a file; what compression makes larger is stored as it is */
  public add(entry: Written, deflated: readonly Buffer[]): void {
    const content = entry.kind === 'file' ? entry.content : Buffer.from(entry.kind === 'link' ? entry.target : '');
    const deflatedSize = deflated.reduce((sum, { length }) => sum + length, 0);
    const isDeflated = entry.kind === 'file' && deflatedSize < content.length;
    const zipped: ZippedEntry = {
      // an unpacker may take a backslash for a separator
      name: Buffer.from(`${entry.name.replaceAll('\\', '/')}${entry.kind === 'directory' ? '/' : ''}`),
      mode: entry.kind === 'file' ? FILE_MODE | entry.mode : entry.kind === 'link' ? LINK_MODE : DIRECTORY_MODE,
      isDeflated,
      crc32: crc32(content),
      size: content.length,
      packedSize: isDeflated ? deflatedSize : content.length,
    };
    this.directory.push(centralHeader(zipped, this.offset));
    this.write(localHeader(zipped));
    for (const part of isDeflated ? deflated : [content]) this.write(part);
  }

  /** @returns the size of the zip */
  public end(): number {
    const start = this.offset;
    for (const header of this.directory) this.write(header);
    this.write(endOfDirectory(this.directory.length, start, this.offset - start));
    this.flush();
    return this.offset;
  }

  private write(bytes: Buffer): void {
    this.offset += bytes.length;
    if (this.pending + bytes.length > PIECE) this.flush();
    if (bytes.length > PIECE) {
      this.flushed(bytes);
    } else {
      bytes.copy(this.piece, this.pending);
      this.pending += bytes.length;
    }
  }

  private flush(): void {
    this.flushed(this.piece.subarray(0, this.pending));
    this.pending = 0;
  }

  private flushed(bytes: Buffer): void {
    this.hash?.update(bytes);
    for (let at = 0; at < bytes.length; ) at += fs.writeSync(this.descriptor, bytes, at);
  }
}
