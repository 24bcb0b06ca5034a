/**
 * Messages for file system errors: the file, the problem, and advice.
 */
import { printableName } from './printable';

const PERMISSION = [
  'this user does not have the permission', 'change the permissions of the file or of its directories, or run this as another user',
] as const;

const MEANINGS: Readonly<Record<string, readonly [meaning: string, advice: string]>> = {
  EIO: ['the disk or the network file system failed', 'look for its errors in the kernel log (dmesg), then run this again'],
  ESTALE: ['the network file system no longer has it', 'mount it again, then run this again'],
  EROFS: ['the file system is read-only', 'choose a place on another file system'],
  ENOSPC: ['no space is left on the device', 'make room, or choose a place on another file system'],
  EDQUOT: ['the disk quota of this user is used up', 'make room, or choose a place on another file system'],
  EFBIG: [
    'it would be larger than this user or the file system allows',
    'raise the limit (ulimit -f), or choose a place on another file system',
  ],
  EACCES: PERMISSION,
  EPERM: PERMISSION,
  ENOENT: ['it does not exist', 'run this again when nothing removes or renames files there'],
  EISDIR: ['a directory is there', 'remove it, then run this again'],
  EMFILE: ['too many files are open', 'raise the limit of open files (ulimit -n)'],
  ENAMETOOLONG: ['its path is longer than the system allows', 'choose a shorter path'],
};

/**
 * The error of a file system operation, with the file's name and advice. Any other error is returned unchanged.
 *
 * @param what the failure: `cannot read`
 * @param advice replaces the general advice about space and permissions
 */
export function fileError(error: unknown, what: string, file: string, advice?: string): unknown {
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || !Object.hasOwn(MEANINGS, code)) return error;
  const [meaning, general] = MEANINGS[code];
  const isOfPlace = ['EROFS', 'ENOSPC', 'EDQUOT', 'EFBIG', 'EACCES', 'EPERM'].includes(code);
  const remedy = isOfPlace && advice !== undefined ? advice : general;
  return Object.assign(new Error(`${what} ${printableName(file)}: ${meaning} (${code})\n  ${remedy}`), { code });
}
