/**
 * The layer's zip: the same plan gives the same bytes, whatever the machine, its clock, its time zone and its umask.
 *
 * Symbolic links are entries that say where they lead, with the mode of a link; AWS Lambda keeps them.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { ZipFile } from 'yazl';
import { trustBytecode } from '../data/bytecode';
import { editElf, replaceText } from '../elf';
import { nameAliases } from './alias';
import { FileEntry, Plan, rootOf, withKey } from './plan';
import { MOST_BYTES } from './proof';
import { stampOf } from '../root/root';

/** What was written, in bytes. */
export interface Packed {
  readonly bytes: number;
  readonly zipBytes: number;
}

/** A source file that is not what was planned. */
export class ChangedFileError extends Error {}

/** zip has local time with a resolution of 2 s from 1980 on: the beginning of it, everywhere. */
const DATE = { mtime: new Date(1980, 0, 1), forceDosTimestamp: true };
const LINK_MODE = 0o120777;
/**
 * zlib's level 5 gives 0.5 % more bytes than 6 in nine tenths of the time, and 1 % more than 9 in a third. Small layers
 * are to be quick, large ones small.
 */
const COMPRESSION = { least: 5, most: 6, mostFrom: 3 * 1024 * 1024 };
/** Bytes that may wait to be compressed: what bounds the memory. */
const MOST_WAITING = 24 * 1024 * 1024;

/**
 * Writes a plan's zip, whole or not at all.
 *
 * @param file where to; what is there is replaced
 * @throws ChangedFileError, and what writing throws
 */
export async function writeZip(plan: Plan, file: string): Promise<Packed> {
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    const zip = new ZipFile();
    const failed = new Promise<never>((_, reject) => zip.once('error', reject));
    const written = pipeline(zip.outputStream, fs.createWriteStream(temporary, { mode: 0o644 }));
    const bytes = await Promise.race([addEntries(zip, plan, written), failed]);
    zip.end();
    await Promise.race([written, failed]);
    fs.renameSync(temporary, file);
    return { bytes, zipBytes: fs.statSync(file).size };
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}

interface Named {
  /** in the zip */
  readonly name: string;
  readonly link?: string;
  readonly text?: string;
  readonly file?: FileEntry;
}

/** @returns the bytes of the files */
async function addEntries(zip: ZipFile, plan: Plan, written: Promise<void>): Promise<number> {
  const names = nameAliases(plan.key, plan.aliases);
  const replacements = names.map((name, index) => name.slice(0, plan.aliases[index].replaced));
  let bytes = 0;
  let waiting = 0;
  for (const { name, link, text, file } of named(plan, names)) {
    if (link !== undefined) {
      zip.addBuffer(Buffer.from(link), name, { ...DATE, mode: LINK_MODE, compress: false });
    } else if (text !== undefined) {
      zip.addBuffer(Buffer.from(text), name, { ...DATE, ...compression(text.length), mode: 0o100644 });
    } else if (file === undefined) {
      zip.addEmptyDirectory(name, { ...DATE, mode: 0o40755 });
    } else {
      const content = edited(file, plan.key, replacements);
      bytes += content.length;
      if (bytes > MOST_BYTES) throw new Error(`the layer is larger than the ${MOST_BYTES} bytes that Lambda takes once its files are edited`);
      const options = { ...DATE, ...compression(content.length), mode: 0o100000 | file.mode };
      waiting += content.length;
      if (waiting <= MOST_WAITING) {
        zip.addBuffer(content, name, options);
      } else {
        // what is added lazily is asked for when everything before it is written
        await Promise.race([new Promise<void>((resolve) => zip.addReadStreamLazy(name, options, (callback) => {
          callback(null, Readable.from([content]));
          resolve();
        })), written]);
        waiting = content.length;
      }
    }
  }
  return bytes;
}

function compression(bytes: number) {
  return { compressionLevel: bytes < COMPRESSION.mostFrom ? COMPRESSION.least : COMPRESSION.most };
}

/** Everything in the zip, sorted by name. */
function named(plan: Plan, aliases: readonly string[]): Named[] {
  const mirrored = rootOf(plan.key).slice('/opt/'.length);
  const entries: Named[] = plan.entries.map((entry) => {
    const name = mirrored + entry.path;
    switch (entry.kind) {
      case 'file': return { name, file: entry };
      case 'link': return { name, link: entry.target };
      case 'text': return { name, text: entry.text };
      case 'directory': return { name };
    }
  });
  for (const [name, place] of Object.entries(plan.programs)) entries.push({ name: `bin/${name}`, link: `../${mirrored}${place}` });
  if (plan.loader !== undefined) entries.push({ name: `${mirrored}/ld.so`, link: plan.loader.slice(1) });
  for (const [index, { place, siblings = {} }] of plan.aliases.entries()) {
    const name = path.posix.relative('/opt', aliases[index]);
    if (place !== undefined) entries.push({ name, link: path.posix.relative(path.posix.dirname(name), mirrored + place) });
    for (const [suffix, sibling] of Object.entries(siblings)) {
      const at = path.posix.relative('/opt', aliases[index] + suffix);
      entries.push({ name: at, link: path.posix.relative(path.posix.dirname(at), mirrored + sibling) });
    }
  }
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** A file as it goes into the layer. */
function edited(entry: FileEntry, key: string, aliases: readonly string[]): Buffer {
  const bytes = fs.readFileSync(entry.source);
  if (stampOf(entry.source) !== entry.stamp) throw new ChangedFileError(`${entry.source} changed while the layer was made: run synth again when nothing writes to it`);
  const { edits } = entry;
  if (!edits) return bytes;
  replaceText(bytes, edits.aliases.map(([offset, index]) => ({ offset, text: aliases[index] })));
  if (edits.bytecode) trustBytecode(bytes);
  if (edits.shebang !== undefined) return withFirstLine(bytes, withKey(edits.shebang, key));
  const keyed = (text: string | undefined) => text && withKey(text, key);
  if (edits.interpreter === undefined && edits.rpath === undefined) return bytes;
  return editElf(bytes, { interpreter: keyed(edits.interpreter), rpath: keyed(edits.rpath) });
}

function withFirstLine(bytes: Buffer, line: string): Buffer {
  const end = bytes.indexOf('\n');
  return Buffer.concat([Buffer.from(line), end < 0 ? Buffer.from('\n') : bytes.subarray(end)]);
}
