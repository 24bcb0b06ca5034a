/**
 * Unpacks a tar stream, exported by an engine, to an empty directory that no other process writes to.
 *
 * Such a stream lists a file system. Entries that cannot be part of one are rejected: a name with `..`, a file below something that is
 * not a directory, a duplicate name, a hard link to a file that does not precede it.
 *
 * Existing files are never replaced, and all parents are directories that were created here, so nothing is written through a link.
 *
 * Owners, devices, and the contents of `/dev`, `/proc` and `/sys` are skipped because they are never packed. Names that are not
 * UTF-8 are skipped because no program here can refer to them.
 */
import * as fs from 'fs';
import * as path from 'path';
import { LayerError } from '../../error';
import { readTar, TarError, type TarEntry } from '../../tar/reader';
import { printable } from '../../text/printable';

/** The stream is not a complete file system, or cannot be written here. */
export class UnpackError extends LayerError {}

/** Directories that an engine or the kernel fills. */
const VIRTUAL = /^(?:dev|proc|sys)\//;

type Entry = 'directory' | 'file' | 'skipped' | { readonly link: string };

/**
 * @param tar not compressed, complete
 * @throws UnpackError, also for a truncated stream; a part of the file system may have been written by then
 */
export async function unpack(tar: AsyncIterable<Buffer>, directory: string): Promise<void> {
  const tree = new Tree(directory);
  try {
    for await (const entry of readTar(tar)) await tree.add(entry);
  } catch (error) {
    if (!(error instanceof TarError)) throw error;
    if (error.message === 'is not tar') throw new UnpackError('the exported data is not a tar archive');
    throw new UnpackError(`the archive ${error.message} after ${tree.latest}${error.detail === undefined ? '' : `: ${error.detail}`}`);
  }
  tree.finish();
}

class Tree {
  /** entries so far, by name: relative, without `.` and empty components; `''` is the directory itself */
  private readonly entries = new Map<string, Entry>([['', 'directory']]);
  private readonly modified = new Map<string, Date>();
  /** the last entry, for messages */
  public latest = 'its beginning';

  constructor(private readonly directory: string) {}

  public async add(entry: TarEntry): Promise<void> {
    try {
      const file = this.create(nameOf(entry.path), entry);
      this.latest = quoted(entry.path);
      if (file !== undefined) await write(file, entry);
    } catch (error) {
      throw this.explained(entry.path, error as NodeJS.ErrnoException);
    }
  }

  /** Sets the times of directories. Called after the last entry, because each new file changes the time of its directory. */
  public finish(): void {
    for (const [name, time] of this.modified) fs.utimesSync(this.locate(name), time, time);
  }

  /** @returns the descriptor of a new file, to which the caller writes the content; `undefined` for other entries */
  private create(name: string, entry: TarEntry): number | undefined {
    const known = this.entries.get(name);
    if (entry.path.includes('\ufffd')) {
      // different names may decode to the same text, so a second entry with this text is not an error
      if (!known) this.entries.set(name, 'skipped');
      return undefined;
    }
    if (known && !(known === 'directory' && entry.type === 'directory')) throw new UnpackError('occurs in the archive twice');
    const kind = !VIRTUAL.test(name) && this.hasParent(name) ? entry.type : 'skipped';
    switch (kind) {
      case 'directory':
        if (name !== '') this.makeDirectory(name, entry.mode, entry.modified);
        break;
      case 'file':
        return this.openFile(name);
      case 'symbolic link':
        this.makeLink(name, entry.link);
        break;
      case 'hard link':
        this.makeHardLink(name, nameOf(entry.link));
        break;
      case 'unknown':
        throw new UnpackError(`has the unknown type ${printable(entry.flag)}`);
      default:
        this.entries.set(name, 'skipped');
    }
    return undefined;
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

  private openFile(name: string): number {
    const file = fs.openSync(this.locate(name), 'wx', 0o600);
    this.entries.set(name, 'file');
    return file;
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
    const inArchive = `${quoted(entry)} in the archive`;
    if (error instanceof UnpackError) return new UnpackError(`${inArchive} ${error.message}`);
    if (error instanceof TarError) return error;
    switch (error.code) {
      case 'EEXIST': return new UnpackError([
        `${inArchive} and ${this.namesake(nameOf(entry))} are the same name in the file system of ${this.directory}`,
        '  set XDG_CACHE_HOME to a directory on a case-sensitive file system, on macOS a volume with the format "APFS (Case-sensitive)"',
      ].join('\n'));
      case 'ENOSPC':
      case 'EDQUOT': return new UnpackError([
        `no space left for ${quoted(entry)} in ${this.directory} (${error.code})`,
        '  free disk space, or set XDG_CACHE_HOME to a directory on a disk with more space',
      ].join('\n'));
      default: return new UnpackError(`${inArchive} cannot be written to ${this.directory}: ${printable(error.message)}`);
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

/** Writes a file's content and permissions. The owner, who is now this user, can always read and write the file. */
async function write(file: number, entry: TarEntry): Promise<void> {
  try {
    for await (const bytes of entry.content()) fs.appendFileSync(file, bytes);
    fs.fchmodSync(file, entry.mode & 0o777 | 0o600);
    fs.futimesSync(file, entry.modified, entry.modified);
  } finally {
    fs.closeSync(file);
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
