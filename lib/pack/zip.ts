/**
 * Writes a layer as a zip. The same plan gives the same bytes, whatever the machine, its clock, its time zone and its umask.
 *
 * A symbolic link is an entry whose content is the target, with the mode of a link; AWS Lambda unpacks it as a link.
 */
import type { Hash } from 'crypto';
import * as fs from 'fs';
import { createRequire } from 'module';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { crc32, deflateRawSync } from 'zlib';
import { ZipFile } from 'yazl';
import { written } from './entries';
import type { Plan } from '../plan/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/** yazl computes checksums in JavaScript, a fifth of the time that a zip takes. zlib's are the same numbers. */
const checksums = createRequire(require.resolve('yazl'))('buffer-crc32') as { unsigned: (bytes: Buffer, before?: number) => number };
checksums.unsigned = (bytes, before = 0) => crc32(bytes, before);

/** The size of a written layer. */
export interface Packed {
  /** unpacked */
  readonly bytes: number;
  /** of the archive */
  readonly zipBytes: number;
}

/** Called with the number of bytes that are packed so far. */
export type Progress = (bytes: number) => void;

/** The earliest date in the format of zip, which has local time: 1980-01-01 00:00 in every time zone. */
const DATE = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true };
const LINK_MODE = 0o120777;
/**
 * zlib's level 5 gives 0.5 % more bytes than level 6 and takes 90 % of its time, and 1 % more bytes than level 9 in a third of its
 * time. Small files are compressed quickly, large ones well.
 */
const COMPRESSION = { least: 5, most: 6, mostFrom: 12 * 1024 * 1024 };
/** Bytes at the start, in the middle and at the end of a file that tell whether compression pays. */
const SAMPLE = 16 * 1024;
/** The size of a compressed sample, as a share of the sample, from which on it does not. */
const LEAST_GAIN = 0.98;
/**
 * The most bytes of files that are in memory at a time, being compressed or waiting. yazl reports its progress only when it reaches a
 * file that was added lazily: then everything before it is written. So one small file in every `BETWEEN_MARKS` bytes is added lazily.
 * Large files are not: yazl compresses lazily added files one after the other.
 */
const MOST_WAITING = 24 * 1024 * 1024;
const BETWEEN_MARKS = MOST_WAITING / 8;
const MOST_MARK = 256 * 1024;

/**
 * Writes a plan's zip, whole or not at all.
 *
 * @param file replaced if it exists
 * @param hash gets every byte that is written
 * @throws ChangedFileError, UneditableFileError; Error if the file cannot be written
 */
export async function writeZip(plan: Plan, file: string, progress?: Progress, hash?: Hash): Promise<Packed> {
  const temporary = unfinished(file);
  const sink = fs.createWriteStream(temporary, { mode: 0o644 });
  try {
    const zip = new ZipFile();
    const failed = new Promise<never>((_, reject) => zip.once('error', reject));
    if (hash) zip.outputStream.on('data', (bytes: Buffer) => hash.update(bytes));
    const done = pipeline(zip.outputStream, sink);
    done.catch(() => {}); // its failure is awaited below, or follows another one
    const bytes = await Promise.race([addEntries(zip, plan, done, progress), failed]);
    zip.end();
    await Promise.race([done, failed]);
    fs.renameSync(temporary, file);
    return { bytes, zipBytes: fs.statSync(file).size };
  } catch (error) {
    // a stream that is still opening would make the file again
    sink.destroy();
    if (!sink.closed) await new Promise<void>((resolve) => sink.once('close', () => resolve()));
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}

/** @returns the number of bytes of the files */
async function addEntries(zip: ZipFile, plan: Plan, done: Promise<void>, progress?: Progress): Promise<number> {
  let bytes = 0;
  let waiting = 0;
  let sinceMark = 0;
  const marks: { readonly reached: Promise<void>; readonly bytes: number }[] = [];
  for (const entry of written(plan)) {
    const { name } = entry;
    if (entry.kind === 'link') {
      zip.addBuffer(Buffer.from(entry.target), name, { ...DATE, mode: LINK_MODE, compress: false });
    } else if (entry.kind === 'directory') {
      zip.addEmptyDirectory(name, { ...DATE, mode: 0o40755 });
    } else {
      const { content, mode } = entry;
      const options = { ...DATE, ...compression(content), mode: 0o100000 | mode };
      const isDue = sinceMark >= BETWEEN_MARKS && content.length <= MOST_MARK;
      const isOverdue = marks.length === 0 && waiting + content.length > MOST_WAITING;
      if (!isDue && !isOverdue) {
        zip.addBuffer(content, name, options);
      } else {
        const reached = new Promise<void>((resolve) => zip.addReadStreamLazy(name, options, (callback) => {
          callback(null, Readable.from([content]));
          resolve();
        }));
        marks.push({ reached, bytes: sinceMark });
        sinceMark = 0;
      }
      bytes += content.length;
      waiting += content.length;
      sinceMark += content.length;
      while (waiting > MOST_WAITING && marks.length > 0) {
        const mark = marks.shift()!;
        await Promise.race([mark.reached, done]);
        waiting -= mark.bytes;
        progress?.(bytes - waiting);
      }
    }
  }
  return bytes;
}

function compression(content: Buffer): { compress: boolean; compressionLevel?: number } {
  if (content.length >= 3 * SAMPLE && !isCompressible(content)) return { compress: false };
  return { compress: true, compressionLevel: content.length < COMPRESSION.mostFrom ? COMPRESSION.least : COMPRESSION.most };
}

/** Pictures, archives and the like are stored: compressing them takes longest and saves nothing. */
function isCompressible(content: Buffer): boolean {
  const starts = [0, Math.floor((content.length - SAMPLE) / 2), content.length - SAMPLE];
  return starts.some((start) => deflateRawSync(content.subarray(start, start + SAMPLE), { level: 1 }).length < LEAST_GAIN * SAMPLE);
}
