/**
 * Stamps of files: a file whose stamp is unchanged is assumed to be unchanged and is not read again.
 *
 * On Linux's own file systems, a stamp consists of inode number, size and times. It relies on ctime, which the kernel sets to
 * the current time at every change, and which programs cannot set. Other file systems have no such time:
 *
 * - squashfs and erofs images report mtime as ctime (fs/squashfs/inode.c, squashfs_new_inode; fs/erofs/inode.c), and so does FAT
 *   (fs/fat/inode.c, fat_fill_inode). In an ISO 9660 image, ctime has any value that the creator of the image chose.
 * - FUSE, NFS, SMB and 9P report the time from their server (fs/fuse/inode.c, fuse_change_attributes_common).
 *
 * On these file systems, a replaced file with the same size and time looks unchanged, so the stamp includes a hash of the content.
 * Overlayfs reports the times from the lower or upper directory that contains the file (fs/overlayfs/inode.c, ovl_getattr). That directory
 * may be on any of the file systems above, so ctime is trusted only if it differs from mtime, which is a sign of a real ctime. They differ
 * for most files of an image, because package managers and container engines set mtime to the time in the archive.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';
import * as path from 'path';
import { sha256OfFile } from './sha256';

/** The status of a path. Links are not followed. */
export interface Status {
  readonly type: 'file' | 'directory' | 'link' | 'other';
  /** permission bits, including set-user-ID, set-group-ID and sticky */
  readonly mode: number;
  /** in bytes */
  readonly size: number;
  /** time of the last change of the content, in seconds since 1970 */
  readonly modified: number;
}

export interface Node extends Status {
  /** stamp of the status alone: see `contentStamp` */
  readonly stamp: string;
  /** true if an unchanged stamp means unchanged content */
  readonly isTrusted: boolean;
  /** target of a link */
  readonly target?: string;
}

type Trust = 'always' | 'if ctime differs' | 'never';

/** statfs(2), include/uapi/linux/magic.h; headers of ZFS and bcachefs. */
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
  // TRUST has the type numbers of Linux only. APFS and NTFS have a real ctime, but are not recognized here
  if (process.platform !== 'linux') return 'if ctime differs';
  return TRUST.get(type >>> 0) ?? 'never';
}

/** Device number → whether ctime is trusted. */
const devices = new Map<number, Trust>();

function trustAt(file: string, device: number): Trust {
  let trust = devices.get(device);
  if (trust === undefined) {
    trust = trustOf(fs.statfsSync(file).type);
    devices.set(device, trust);
  }
  return trust;
}

/** The status and stamp of a path on this machine; `undefined` if it does not exist or this user may not see it. Links are not followed. */
export function lstat(file: string): Node | undefined {
  try {
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    return stat && nodeOf(file, stat);
  } catch {
    return undefined;
  }
}

/** @param stat of the file, without following links */
export function nodeOf(file: string, stat: fs.Stats): Node {
  const type = stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'link' : 'other';
  const [mode, { size, mtimeMs, ctimeMs }] = [stat.mode & 0o7777, stat];
  const target = type === 'link' ? fs.readlinkSync(file) : undefined;
  // statfs(2) follows links, so ask for the directory of a link
  const trust = trustAt(type === 'link' ? path.dirname(file) : file, stat.dev);
  const isTrusted = trust === 'always' || (trust === 'if ctime differs' && ctimeMs !== mtimeMs);
  const kind = `${type[0]}${mode.toString(8)}`;
  // servers and images may renumber their files, so the stamp of an untrusted file has no inode number
  const stamp = isTrusted
    ? `${kind}:${stat.ino}:${size}:${mtimeMs}:${ctimeMs}`
    : `~${kind}:${size}:${mtimeMs}:${encodeURIComponent(target ?? '')}`;
  return { type, mode, size, modified: mtimeMs / 1000, stamp, isTrusted, target };
}

/** A stamp that differs whenever the content does: the bytes of a file, the names in a directory. */
export function contentStamp(file: string, node: Node): string {
  return withContent(node, () => contentHash(file, node));
}

/** The `contentStamp` of a file whose bytes have been read. */
export function contentStampOf(node: Node, bytes: Buffer): string {
  return withContent(node, () => createHash('sha256').update(bytes).digest('hex'));
}

function withContent({ stamp, isTrusted }: Node, hash: () => string): string {
  return isTrusted ? stamp : `${stamp}#${hash()}`;
}

/** True for a stamp of `contentStamp` that includes a hash of the content. */
export function hasContent(stamp: string): boolean {
  return stamp.startsWith('~') && /#[0-9a-f]*$/.test(stamp);
}

function contentHash(file: string, { type }: Node): string {
  try {
    if (type === 'file') return sha256OfFile(file);
    if (type === 'directory') return createHash('sha256').update(fs.readdirSync(file).sort().join('\0')).digest('hex');
  } catch {
    // not readable for this user
  }
  return '';
}

/** The stamp, with content, of a path on this machine; `''` if it does not exist. */
export function stampOf(file: string): string {
  const node = lstat(file);
  return node ? contentStamp(file, node) : '';
}

/**
 * Milliseconds after which another change of a file is sure to give it other times. Two changes within one tick of the kernel's clock (1 to
 * 10 ms) leave the same times.
 */
const SETTLED = 100;

/** True if the file was last changed long enough ago that any later change gives it another stamp. */
export function isSettled(stamp: string): boolean {
  return !stamp.startsWith('~') && Date.now() - Number(stamp.slice(stamp.lastIndexOf(':') + 1)) > SETTLED;
}
