/**
 * Writes a layer as a `.tar.gz` to unpack into `/opt`. The same plan gives the same bytes.
 *
 * Format: POSIX.1-2017, pax. Entries have ustar headers; an extended header precedes entries whose names do not fit.
 */
import * as fs from 'fs';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { createGzip } from 'zlib';
import { Header, Pax } from 'tar';
import { type Written, written } from './entries';
import type { Packed, Progress } from './zip';
import type { Plan } from '../plan/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { fileError } from '../text/file-error';

/** The date of the zip's entries. */
const MTIME = new Date(Date.UTC(1980, 0, 1));
/** Size of a block in bytes. Each header and each file begins a block, and two empty blocks end the archive. */
const BLOCK = 512;

/**
 * Writes a plan's tar file, whole or not at all.
 *
 * @param file replaced if it exists
 */
export async function writeTar(plan: Plan, file: string, progress?: Progress): Promise<Packed> {
  const temporary = unfinished(file);
  let bytes = 0;
  function* blocks(): Generator<Buffer> {
    for (const entry of written(plan)) {
      yield headerOf(entry);
      if (entry.kind !== 'file') continue;
      yield entry.content;
      yield Buffer.alloc((BLOCK - (entry.content.length % BLOCK)) % BLOCK);
      progress?.((bytes += entry.content.length));
    }
    yield Buffer.alloc(2 * BLOCK);
  }
  try {
    await pipeline(Readable.from(blocks()), createGzip({ level: 6 }), fs.createWriteStream(temporary, { mode: 0o644 }));
    fs.renameSync(temporary, file);
    return { bytes, zipBytes: fs.statSync(file).size };
  } catch (error) {
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}

function headerOf(entry: Written): Buffer {
  const owned = { uid: 0, gid: 0, mtime: MTIME };
  const header = new Header(
    entry.kind === 'file' ? { ...owned, type: 'File', path: entry.name, size: entry.content.length, mode: entry.mode } :
      entry.kind === 'link' ? { ...owned, type: 'SymbolicLink', path: entry.name, linkpath: entry.target, size: 0, mode: 0o777 } :
        { ...owned, type: 'Directory', path: `${entry.name}/`, size: 0, mode: 0o755 },
  );
  const block = Buffer.alloc(BLOCK);
  const isTooLong = header.encode(block);
  return isTooLong ? Buffer.concat([new Pax({ path: header.path, linkpath: header.linkpath }).encode(), block]) : block;
}
