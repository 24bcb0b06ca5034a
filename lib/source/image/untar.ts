/**
 * Unpacks a tar stream, exported by an engine, to an empty directory that no other process writes to.
 *
 * Such a stream is a walk through a file system. Anything else is rejected and not interpreted: a name with `..`, a file below
 * something that is not a directory, a duplicate name, a hard link to a file that has not occurred before.
 * Nothing existing is ever replaced, and parents are directories created here, so no link is followed out of the directory.
 *
 * Skipped because they are never packed: owners, devices, and the contents of `/dev`, `/proc` and `/sys`. Names that are not
 * UTF-8 are skipped because no program here can refer to them.
 */
import * as fs from 'fs';
import * as path from 'path';
import { Parser, type ReadEntry } from 'tar';
import { printable } from '../../text/printable';
import { LayerError } from '../../error';

/** The stream is not a complete file system, or cannot be written here. */
export class UnpackError extends LayerError {}

/** block size of tar, in bytes */
const BLOCK = 512;
/** The magic number in each header of POSIX and GNU (pax, ustar interchange format: magic). */
const MAGIC = { at: 257, text: 'ustar' };

/** Directories that an engine or the kernel fills. */
const VIRTUAL = /^(?:dev|proc|sys)\//;

type Entry = 'directory' | 'file' | 'skipped' | { readonly link: string };

/**
 * @param tar not compressed, complete
 * @throws UnpackError, also for a truncated stream; part of the file system may have been written then
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
    throw new UnpackError(`${quoted(name)} in the archive has the unknown type ${type}`);
  });
  parser.on('meta', (records: string) => {
    if (/(?:^|\n)\d+ GNU\.sparse\./.test(records)) {
      throw new UnpackError(`the file after ${tree.latest} in the archive is stored as a sparse file, which is not supported`);
    }
    isNamed &&= keepsNames(records);
  });
  parser.on('entry', (entry: ReadEntry) => {
    tree.add(entry, isNamed);
    isNamed = true;
  });
  parser.on('eof', () => {
    isWhole = true;
  });

  // Pass whole blocks: the parser decodes a name piece by piece, and pieces must not split a character.
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of tar) {
    if (isWhole) continue; // padding of the last record
    const bytes = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    const blocks = bytes.subarray(0, bytes.length - bytes.length % BLOCK);
    rest = bytes.subarray(blocks.length);
    if (blocks.length === 0) continue;
    if (isFirst && blocks.toString('latin1', MAGIC.at, MAGIC.at + MAGIC.text.length) !== MAGIC.text) {
      throw new UnpackError('the exported data is not a tar archive');
    }
    isFirst = false;
    parser.write(blocks);
  }
  if (!isWhole) throw new UnpackError(`the archive is truncated after ${tree.latest}`);
  tree.finish();
}

/** True if the parser understands the names in a pax header: it ignores records with a wrong length. */
function keepsNames(records: string): boolean {
  return records.split('\n').every((line) => {
    const [, length] = /^(\d+) (?:link)?path=/.exec(line) ?? [];
    return length === undefined || Number(length) === Buffer.byteLength(line) + 1;
  });
}

class Tree {
  /** entries so far, by name: relative, without `.` and empty components; `''` is the directory itself */
  private readonly entries = new Map<string, Entry>([['', 'directory']]);
  private readonly modified = new Map<string, Date>();
  /** the last entry, for messages */
  public latest = 'its beginning';

  constructor(private readonly directory: string) {}

  /** @param isNamed true if its name is the same as in the archive */
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

  /** Sets the times of directories, after their last file was created. */
  public finish(): void {
    for (const [name, time] of this.modified) fs.utimesSync(this.locate(name), time, time);
  }

  /** @returns true for a file, whose content follows */
  private create(name: string, entry: ReadEntry, isNamed: boolean): boolean {
    const known = this.entries.get(name);
    if (known && !(known === 'directory' && entry.type === 'Directory')) throw new UnpackError('occurs in the archive twice');
    const kind = isNamed && !VIRTUAL.test(name) && this.hasParent(name) ? entry.type : 'skipped';
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
      case 'skipped':
      case 'CharacterDevice':
      case 'BlockDevice':
      case 'FIFO':
        this.entries.set(name, 'skipped');
        return false;
      default:
        throw new UnpackError(`has the unknown type ${kind}`);
    }
  }

  /** Creates the parent directory if necessary; `false` below a skipped entry. */
  private hasParent(name: string): boolean {
    const parent = parentOf(name);
    const above = this.entries.get(parent);
    if (above === 'directory') return true;
    if (above === 'skipped') return false;
    if (above) throw new UnpackError(`is below ${quoted(parent)}, which is ${above === 'file' ? 'a file' : 'a link'}`);
    if (!this.hasParent(parent)) return false;
    this.makeDirectory(parent, 0o755);
    return true;
  }

  private makeDirectory(name: string, mode = 0, modified?: Date): void {
    const place = this.locate(name);
    if (!this.entries.has(name)) fs.mkdirSync(place, 0o700);
    fs.chmodSync(place, mode & 0o777 | 0o700);
    this.entries.set(name, 'directory');
    if (modified) this.modified.set(name, modified);
  }

  /** Keeps the permissions of group and others. The owner, who is another user here, must be able to read and delete the file. */
  private makeFile(name: string, entry: ReadEntry): void {
    const file = fs.openSync(this.locate(name), 'wx', 0o600);
    this.entries.set(name, 'file');
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
    this.entries.set(name, { link });
  }

  private makeHardLink(name: string, target: string): void {
    const original = this.entries.get(target);
    if (original === 'skipped') {
      this.entries.set(name, original);
    } else if (original === 'file') {
      fs.linkSync(this.locate(target), this.locate(name));
      this.entries.set(name, original);
    } else if (typeof original === 'object') {
      this.makeLink(name, original.link); // link(2) follows links on macOS
    } else {
      throw new UnpackError(`is a hard link to ${quoted(target)}, which is ${original ? 'a directory' : 'not in the archive before it'}`);
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
        `${what} and ${this.namesake(nameOf(entry))} are the same name in the file system of ${this.directory}`,
        '  set XDG_CACHE_HOME to a directory on a case-sensitive file system, on macOS a volume with the format "APFS (Case-sensitive)"',
      ].join('\n'));
      case 'ENOSPC':
      case 'EDQUOT': return new UnpackError([
        `no space left for ${quoted(entry)} in ${this.directory} (${error.code})`,
        '  free disk space, or set XDG_CACHE_HOME to a directory on a disk with more space',
      ].join('\n'));
      default: return new UnpackError(`${what} cannot be written to ${this.directory}: ${printable(error.message)}`);
    }
  }

  /** The existing name that is the same as this one, or as one of its parents, in a case-insensitive file system. */
  private namesake(name: string): string {
    const folded = (text: string) => text.normalize('NFD').toLowerCase();
    for (let at = name; at !== ''; at = parentOf(at)) {
      if (this.entries.has(at)) continue;
      for (const other of this.entries.keys()) if (folded(other) === folded(at)) return quoted(other);
    }
    return 'an existing file';
  }
}

/** Normalizes a name for `Tree`. */
function nameOf(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw new UnpackError(`leads out of the root: ${quoted(text)}`);
  return parts.join('/');
}

function parentOf(name: string): string {
  return name.slice(0, Math.max(name.lastIndexOf('/'), 0));
}

/** A name for messages, shortened. */
function quoted(name: string): string {
  return `'${printable(name.length > 200 ? `${name.slice(0, 200)}…` : name)}'`;
}
