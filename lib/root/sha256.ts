/**
 * SHA-256 of a file of any size.
 */
import { createHash } from 'crypto';
import { readDescriptor, useRegularFile } from '../elf/regular-file';

const PIECE = 1024 * 1024;

/**
 * @returns 64 hexadecimal digits
 * @throws SpecialFileError
 */
export function sha256OfFile(file: string): string {
  const hash = createHash('sha256');
  useRegularFile(file, (descriptor, size) => {
    const piece = Buffer.allocUnsafe(Math.min(size, PIECE));
    for (let at = 0; at < size; at += PIECE) hash.update(readDescriptor(descriptor, piece.subarray(0, size - at), file, at));
  });
  return hash.digest('hex');
}
