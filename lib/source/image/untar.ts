/**
 * Unpacks a tar stream, as an engine exports it, below an empty directory that nobody else writes to.
 *
 * Such a stream is a walk through a file system. What could not be the walk of one is refused and not interpreted: a name
 * with `..`, a file below what is no directory, two things of one name, a link to a file that did not come before.
 * Everything is created where nothing was, below directories that were created here, so nothing is followed out.
 *
 * Owners, devices and the contents of `/dev`, `/proc` and `/sys` are left out: nothing of these is ever packed. So is what
 * has a name that is no UTF-8, which nothing here could ask for.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Parser, type ReadEntry } from 'tar';
import { printable } from '../../text/printable';
import { LayerError } from '../../error';

/** A stream that is no whole file system, or one that cannot be written here. */
export class UnpackError extends LayerError {}

/** Of a tar file, in bytes. */
const BLOCK = 512;
/** Where each header of POSIX and of GNU says what it is (pax, ustar interchange format: magic). */
const MAGIC = { at: 257, text: 'ustar' };

/** What an engine or the kernel puts there. */
const MADE_UP = /^(?:dev|proc|sys)\//;

type Made = 'directory' | 'file' | 'left out' | { readonly link: string };

/**
 * @param tar not compressed, to its end
 * @throws UnpackError, also for a stream that breaks off: part of a file system may have been written then
 */
export async function unpack(tar: AsyncIterable<Buffer>, directory: string): Promise<void> {
  const tree = new Tree(directory);
  let isWhole = false;
  let isNamed = true;
  const parser = new Parser({ strict: true, brotli: false, zstd: false });
  parser.on('error', (error: Error) => {
    throw new UnpackError(`the archive is damaged after ${tree.latest}: ${printable(error.message)}`);
  });
  parser.on('ignoredEntry', ({ path: name, type }: ReadEntry) => {
    throw new UnpackError(`${quoted(name)} in the archive is of a kind that is not known: ${type}`);
  });
  parser.on('meta', (records: string) => {
    if (/(?:^|\n)\d+ GNU\.sparse\./.test(records)) throw new UnpackError(`the file after ${tree.latest} in the archive is stored sparse, which is not understood`);
    isNamed &&= keepsNames(records);
  });
  parser.on('entry', (entry: ReadEntry) => {
    tree.add(entry, isNamed);
    isNamed = true;
  });
  parser.on('eof', () => {
    isWhole = true;
  });

  // Whole blocks: the parser decodes the pieces of a name one by one, and a character must not be torn apart.
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of tar) {
    if (isWhole) continue; // what follows the end fills up the last record
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const blocks = bytes.subarray(0, bytes.length - bytes.length % BLOCK);
    rest = bytes.subarray(blocks.length);
    if (blocks.length === 0) continue;
    if (isFirst && blocks.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.text.length) !== MAGIC.text) throw new UnpackError('what was exported is no tar archive');
    isFirst = false;
    parser.write(blocks);
  }
  if (!isWhole) throw new UnpackError(`the archive breaks off after ${tree.latest}`);
  tree.finish();
}

/** Whether the parser has understood the names in a pax header: a record that it takes for another length it passes over. */
function keepsNames(records: string): boolean {
  return records.split('\n').every((line) => {
    const [, length] = /^(\d+) (?:link)?path=/.exec(line) ?? [];
    return length === undefined || Number(length) === Buffer.byteLength(line) + 1;
  });
}

class Tree {
  /** what has come, by its name: relative, without `.` and empty parts, `''` for the directory itself */
  private readonly made = new Map<string, Made>([['', 'directory']]);
  private readonly modified = new Map<string, Date>();
  /** the last entry, for messages */
  public latest = 'its beginning';

  constructor(private readonly directory: string) {}

  /** @param isNamed whether its name is the one that it has in the archive */
  public add(entry: ReadEntry, isNamed: boolean): void {
    try {
      const name = nameOf(entry.path);
      const isFile = this.create(name, entry, isNamed && !entry.path.includes('\ufffd'));
      if (!isFile) entry.resume();
    } catch (error) {
      throw this.explained(entry.path, error as NodeJS.ErrnoException);
    }
    this.latest = quoted(entry.path);
  }

  /** Directories get their times when nothing is put into them any more. */
  public finish(): void {
    for (const [name, time] of this.modified) fs.utimesSync(this.locate(name), time, time);
  }

  /** @returns whether it is a file: its content is taken then */
  private create(name: string, entry: ReadEntry, isNamed: boolean): boolean {
    const known = this.made.get(name);
    if (known && !(known === 'directory' && entry.type === 'Directory')) throw new UnpackError('is in the archive twice');
    const kind = isNamed && !MADE_UP.test(name) && this.hasParent(name) ? entry.type : 'left out';
    switch (kind) {
      case 'Directory':
        if (name !== '') this.makeDirectory(name, entry.mode, entry.mtime);
        return false;
      case 'File':
      case 'OldFile':
      case 'ContiguousFile':
        this.makeFile(name, entry);
        return true;
      case 'SymbolicLink':
        this.makeLink(name, entry.linkpath!);
        return false;
      case 'Link':
        this.makeHardLink(name, nameOf(entry.linkpath!));
        return false;
      case 'left out':
      case 'CharacterDevice':
      case 'BlockDevice':
      case 'FIFO':
        this.made.set(name, 'left out');
        return false;
      default:
        throw new UnpackError(`is of a kind that is not known: ${kind}`);
    }
  }

  /** Whether there is a directory for it, made if need be; `false` below what was left out. */
  private hasParent(name: string): boolean {
    const parent = parentOf(name);
    const made = this.made.get(parent);
    if (made === 'directory') return true;
    if (made === 'left out') return false;
    if (made) throw new UnpackError(`lies below ${quoted(parent)}, which is ${made === 'file' ? 'a file' : 'a link'}`);
    if (!this.hasParent(parent)) return false;
    this.makeDirectory(parent, 0o755);
    return true;
  }

  private makeDirectory(name: string, mode = 0, modified?: Date): void {
    const place = this.locate(name);
    if (!this.made.has(name)) fs.mkdirSync(place, 0o700);
    fs.chmodSync(place, mode & 0o777 | 0o700);
    this.made.set(name, 'directory');
    if (modified) this.modified.set(name, modified);
  }

  /** What others may do stays as it was; the owner, another one here, has to be able to read and to delete it. */
  private makeFile(name: string, entry: ReadEntry): void {
    const file = fs.openSync(this.locate(name), 'wx', 0o600);
    this.made.set(name, 'file');
    const attempt = (step: () => void) => {
      try {
        step();
      } catch (error) {
        throw this.explained(entry.path, error as NodeJS.ErrnoException);
      }
    };
    entry.on('end', () => attempt(() => {
      fs.fchmodSync(file, (entry.mode ?? 0) & 0o777 | 0o600);
      if (entry.mtime) fs.futimesSync(file, entry.mtime, entry.mtime);
      fs.closeSync(file);
    }));
    entry.on('data', (bytes: Buffer) => attempt(() => fs.appendFileSync(file, bytes)));
  }

  private makeLink(name: string, link: string): void {
    fs.symlinkSync(link, this.locate(name));
    this.made.set(name, { link });
  }

  private makeHardLink(name: string, target: string): void {
    const made = this.made.get(target);
    if (made === 'left out') {
      this.made.set(name, made);
    } else if (made === 'file') {
      fs.linkSync(this.locate(target), this.locate(name));
      this.made.set(name, made);
    } else if (typeof made === 'object') {
      this.makeLink(name, made.link); // link(2) follows links on macOS
    } else {
      throw new UnpackError(`is a hard link to ${quoted(target)}, which is ${made ? 'a directory' : 'not in the archive before it'}`);
    }
  }

  private locate(name: string): string {
    return path.join(this.directory, name);
  }

  private explained(entry: string, error: NodeJS.ErrnoException): Error {
    const what = `${quoted(entry)} in the archive`;
    if (error instanceof UnpackError) return new UnpackError(`${what} ${error.message}`);
    switch (error.code) {
      case 'EEXIST': return new UnpackError([
        `${what} and ${this.namesake(nameOf(entry))} are one name to the file system of ${this.directory}`,
        '  set XDG_CACHE_HOME to a directory on a file system that tells upper and lower case apart; on macOS that is a volume of the format "APFS (Case-sensitive)"',
      ].join('\n'));
      case 'ENOSPC':
      case 'EDQUOT': return new UnpackError([
        `no space is left for ${quoted(entry)} below ${this.directory} (${error.code})`,
        '  make some, or set XDG_CACHE_HOME to a directory that has more',
      ].join('\n'));
      default: return new UnpackError(`${what} cannot be written below ${this.directory}: ${printable(error.message)}`);
    }
  }

  /** The other name that stands where this one, or a directory above it, should. */
  private namesake(name: string): string {
    const folded = (text: string) => text.normalize('NFD').toLowerCase();
    for (let at = name; at !== ''; at = parentOf(at)) {
      if (this.made.has(at)) continue;
      for (const other of this.made.keys()) if (folded(other) === folded(at)) return quoted(other);
    }
    return 'what is there already';
  }
}

/** A name in an archive as `Tree` has it. */
function nameOf(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new UnpackError(`leads out: ${quoted(text)}`);
  return parts.join('/');
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('/'), 0));
}

/** A name of any length, for a message. */
function quoted(name: string): string {
  return `'${printable(name.length > 200 ? `${name.slice(0, 200)}…` : name)}'`;
}
