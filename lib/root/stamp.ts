/**
 * Stamps of files: as long as its stamp is the same, a file is taken for unchanged and is not read again.
 *
 * On file systems of Linux itself a stamp consists of the inode number, the size and the times. It relies on ctime, which the
 * kernel sets to the present at every change, and which no program can set. Other file systems have no such time:
 *
 * - squashfs and erofs images give mtime as ctime (fs/squashfs/inode.c, squashfs_new_inode; fs/erofs/inode.c), and so does FAT
 *   (fs/fat/inode.c, fat_fill_inode); ISO 9660 images keep what the program that made them was told.
 * - FUSE, NFS, SMB and 9P give what their server answers (fs/fuse/inode.c, fuse_change_attributes_common).
 *
 * There, a file that was replaced by one of the same size and time looks the same, so the stamp includes a hash of the content.
 * Overlayfs gives the times of the file in the layer that holds it (fs/overlayfs/inode.c, ovl_getattr), which may be of any of these
 * file systems. A file there whose ctime differs from its mtime is not on one that has no ctime: package managers and
 * container engines set mtime to that of the archive, so this holds for most of an image's files.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { sha256OfFile } from './sha256';
import { readDescriptor, SpecialFileError, useRegularFile } from '../elf/regular-file';

/** What stands at a path, links not followed. */
export interface Status {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  /** permission bits, with set-user-ID and its like */
  readonly mode: number;
  /** in bytes */
  readonly size: number;
  /** when its content was last changed, in seconds since 1970 */
  readonly modified: number;
}

export interface Node extends Status {
  /** of its status alone: see `contentStamp` */
  readonly stamp: string;
  /** whether the content is the same as long as the stamp is */
  readonly isTrusted: boolean;
  /** of a link */
  readonly target?: string;
}

type Trust = 'always' | 'if ctime differs' | 'never';

/** statfs(2), include/uapi/linux/magic.h; of ZFS and bcachefs, their own headers. */
const TRUST: ReadonlyMap<number, Trust> = new Map([
  [0xef53, 'always'], // ext2, ext3, ext4
  [0x58465342, 'always'], // XFS
  [0x9123683e, 'always'], // Btrfs
  [0xf2f52010, 'always'], // F2FS
  [0x2fc12fc1, 'always'], // ZFS
  [0xca451a4e, 'always'], // bcachefs
  [0x01021994, 'always'], // tmpfs
  [0x858458f6, 'always'], // ramfs
  [0x3153464a, 'always'], // JFS
  [0x52654973, 'always'], // ReiserFS
  [0x794c7630, 'if ctime differs'], // overlayfs
  [0xf15f, 'if ctime differs'], // eCryptfs, which copies the times of the file below
]);

/** @param type of statfs(2) */
export function trustOf(type: number): Trust {
  // other systems have numbers of their own, and file systems with a time of the last change: APFS, NTFS
  if (process.platform !== 'linux') return 'if ctime differs';
  return TRUST.get(type >>> 0) ?? 'never';
}

/** By device number. */
const devices = new Map<number, Trust>();

function trustAt(file: string, device: number): Trust {
  let trust = devices.get(device);
  if (trust === undefined) {
    trust = trustOf(fs.statfsSync(file).type);
    devices.set(device, trust);
  }
  return trust;
}

/** Of a file on this machine, links not followed; `undefined` where nothing is there, or nothing that this user may see. */
export function lstat(file: string): Node | undefined {
  try {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (!stat) return undefined;
    const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'other';
    const [mode, { size, mtimeMs, ctimeMs }] = [stat.mode & 0o7777, stat];
    const target = type === 'link' ? fs.readlinkSync(file) : undefined;
    // statfs(2) follows links
    const trust = trustAt(type === 'link' ? path.dirname(file) : file, stat.dev);
    const isTrusted = trust === 'always' || (trust === 'if ctime differs' && ctimeMs !== mtimeMs);
    const kind = `${type[0]}${mode.toString(8)}`;
    // servers and images may number their files anew: all that this says of a file that is not trusted is its status
    const stamp = isTrusted ? `${kind}:${stat.ino}:${size}:${mtimeMs}:${ctimeMs}` : `~${kind}:${size}:${mtimeMs}:${encodeURIComponent(target ?? '')}`;
    return { type, mode, size, modified: mtimeMs / 1000, stamp, isTrusted, target };
  } catch {
    return undefined;
  }
}

/** A stamp that differs whenever the content does: the bytes of a file, the names in a directory. */
export function contentStamp(file: string, node: Node): string {
  return node.isTrusted ? node.stamp : `${node.stamp}#${contentHash(file, node)}`;
}

/** Whether a stamp is one of `contentStamp` that had to read the content. */
export function hasContent(stamp: string): boolean {
  return stamp.startsWith('~') && /#[0-9a-f]*$/.test(stamp);
}

function contentHash(file: string, { type }: Node): string {
  try {
    if (type === 'file') return sha256OfFile(file);
    if (type === 'directory') return createHash('sha256').update(fs.readdirSync(file).sort().join('\0')).digest('hex');
  } catch {
    // not readable for this user, whatever it holds
  }
  return '';
}

/** The stamp with content of a file at a path on this machine; `''` where nothing is there. */
export function stampOf(file: string): string {
  const node = lstat(file);
  return node ? contentStamp(file, node) : '';
}

/**
 * The bytes of a regular file at a path on this machine, as long as it is the one that had a stamp.
 *
 * @returns `undefined` if it has changed, or if something else is in its place
 */
export function readUnchanged(file: string, stamp: string): Buffer | undefined {
  if (stampOf(file) !== stamp) return undefined;
  try {
    const bytes = useRegularFile(file, (descriptor, size) => readDescriptor(descriptor, Buffer.allocUnsafe(size), file));
    return stampOf(file) === stamp ? bytes : undefined;
  } catch (error) {
    if (error instanceof SpecialFileError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
