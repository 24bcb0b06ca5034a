/**
 * Writes a layer as a `.tar.gz` to unpack into `/opt`. The same plan gives the same bytes.
 *
 * Format: POSIX.1-2017, pax. Entries have ustar headers; an extended header precedes entries whose names do not fit.
 */
import * as fs from 'fs';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { createGzip } from 'zlib';
import { type Written, written } from './entries';
import type { Packed, Progress } from './zip';
import type { PackedPlan } from '../plan/layout/plan';
import { discard } from '../process/remove-tree';
import { unfinished } from '../process/whole-file';
import { BLOCK } from '../tar/format';
import { headerOf } from '../tar/writer';
import { fileError } from '../text/file-error';

/** The modification time of all entries, in seconds since 1970: the same date as in a zip. */
const MODIFIED = Date.UTC(1980, 0, 1) / 1000;

/**
 * Writes a plan's tar file, whole or not at all.
 *
 * @param file replaced if it exists
 */
export async function writeTar(plan: PackedPlan, file: string, progress?: Progress): Promise<Packed> {
  const temporary = unfinished(file);
  let bytes = 0;
  function* blocks(): Generator<Buffer> {
    for (const entry of written(plan)) {
      yield headerFor(entry);
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

function headerFor(entry: Written): Buffer {
  switch (entry.kind) {
    case 'file':
      return headerOf({ type: 'file', path: entry.name, size: entry.content.length, mode: entry.mode, modified: MODIFIED });
    case 'link':
      return headerOf({ type: 'symbolic link', path: entry.name, link: entry.target, mode: 0o777, modified: MODIFIED });
    default:
      return headerOf({ type: 'directory', path: `${entry.name}/`, mode: 0o755, modified: MODIFIED });
  }
}
