/**
 * Writes a layer as a zip. The same plan gives the same bytes, whatever the machine, its clock, its time zone and its umask.
 *
 * A symbolic link is an entry whose content is the target, with the mode of a link; AWS Lambda unpacks it as a link.
 */
import type { Hash } from 'crypto';
import * as fs from 'fs';
import { pipeline } from 'stream/promises';
import type { Ahead, KnownFile } from './ahead';
import { deflate } from './deflate';
import { type Written, written } from './entries';
import type { KnownBlocks } from './known-blocks';
import type { SmallFiles } from './small-files';
import { ZipWriter } from './zip-writer';
import { MOST_BYTES } from '../lambda';
import type { PackedPlan } from '../plan/layout/plan';
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

export interface ZipOptions {
  /** gets every byte that is written */
  readonly hash?: Hash;
  /** keeps the compressed blocks, for the next layer */
  readonly known?: Pick<KnownBlocks, 'deflated'>;
  /** files that were compressed while the layer was planned */
  readonly ahead?: Ahead;
  /** compresses small files @default - they are compressed on this thread */
  readonly small?: SmallFiles;
  /** path of the incomplete zip @default - beside the zip, named after this process */
  readonly temporary?: string;
}

const FILE = 0o100000;
const LINK_MODE = 0o120777;
const DIRECTORY_MODE = 0o40755;
/** Limits on the entries in memory: those that are being compressed, and those that wait until earlier entries are written. */
const MOST_WAITING = { bytes: 24 * 1024 * 1024, entries: 2048 };

/**
 * Writes a plan's zip, whole or not at all.
 *
 * @param file replaced if it exists
 * @throws ChangedFileError, UneditableFileError; Error if the file cannot be written
 */
export async function writeZip(plan: PackedPlan, file: string, progress?: Progress, options: ZipOptions = {}): Promise<Packed> {
  const { hash, temporary = unfinished(file) } = options;
  const sink = fs.createWriteStream(temporary, { mode: 0o644 });
  try {
    const zip = new ZipWriter();
    if (hash) zip.output.on('data', (bytes: Buffer) => hash.update(bytes));
    const done = pipeline(zip.output, sink);
    const failed = new Promise<never>((_, reject) => done.catch(reject));
    failed.catch(() => {}); // no unhandled rejection: it is awaited below, or another failure came first
    const bytes = await Promise.race([addEntries(zip, plan, progress, options), failed]);
    zip.end();
    await done;
    fs.renameSync(temporary, file);
    return { bytes, zipBytes: fs.statSync(file).size };
  } catch (error) {
    // a stream that is still opening the file would create the file again after `discard` has removed it
    sink.destroy();
    if (!sink.closed) await new Promise<void>((resolve) => sink.once('close', () => resolve()));
    discard(temporary);
    throw fileError(error, 'cannot write', file);
  }
}

/** An entry, and the promise of its compressed content. */
interface Waiting {
  readonly entry: Written<KnownFile>;
  readonly deflated?: Promise<readonly Buffer[] | undefined>;
}

/** @returns the number of bytes of the files */
async function addEntries(zip: ZipWriter, plan: PackedPlan, progress: Progress | undefined, options: ZipOptions): Promise<number> {
  const { known, ahead, small } = options;
  const waiting: Waiting[] = [];
  let [bytes, bytesWaiting] = [0, 0];
  const addNext = async () => {
    const { entry, deflated } = waiting.shift()!;
    switch (entry.kind) {
      case 'directory': return zip.addDirectory(entry.name, DIRECTORY_MODE);
      case 'link': return zip.add(entry.name, LINK_MODE, Buffer.from(entry.target));
      case 'known': {
        zip.addDeflated(entry.name, FILE | entry.mode, entry.known, await Promise.all(entry.known.deflated));
        progress?.(bytes += entry.known.size);
        return zip.flush();
      }
      case 'file': {
        zip.add(entry.name, FILE | entry.mode, entry.content, await deflated);
        bytes += entry.content.length;
        bytesWaiting -= entry.content.length;
        progress?.(bytes);
        return zip.flush();
      }
    }
  };
  for (const entry of written(plan, MOST_BYTES, ahead && ((file, root) => ahead.known(file, root)))) {
    const deflated = entry.kind === 'file' ? deflate(entry.content, { known, small }) : undefined;
    deflated?.catch(() => {}); // no unhandled rejection: it is awaited above, or another failure came first
    waiting.push({ entry, deflated });
    if (entry.kind === 'file') bytesWaiting += entry.content.length;
    while (bytesWaiting > MOST_WAITING.bytes || waiting.length > MOST_WAITING.entries) await addNext();
  }
  while (waiting.length > 0) await addNext();
  return bytes;
}
