/**
 * Writes zips that no zip program makes: see raw-bytes.ts.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { RawEnd, RawEntry } from './raw-bytes';
import { rawBytes } from './raw-bytes';
import { temporaryDirectory } from '../fixture';

export { LINK, rawBytes } from './raw-bytes';
export type { RawEnd, RawEntry } from './raw-bytes';

/** Writes a zip. Returns its path. */
export function rawZip(entries: readonly RawEntry[], end: RawEnd = {}): string {
  const file = path.join(temporaryDirectory(), 'layer.zip');
  fs.writeFileSync(file, rawBytes(entries, end));
  return file;
}
