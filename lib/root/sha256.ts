/**
 * SHA-256 of a file of any size.
 */
import { createHash } from 'crypto';
import * as fs from 'fs';

const PIECE = 1024 * 1024;

/** @returns 64 hexadecimal digits */
export function sha256OfFile(file: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  const descriptor = fs.openSync(file, 'r');
  try {
    for (let length; (length = fs.readSync(descriptor, piece, 0, PIECE, null)) > 0; ) hash.update(piece.subarray(0, length));
  } finally {
    fs.closeSync(descriptor);
  }
  return hash.digest('hex');
}
