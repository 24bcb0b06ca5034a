/**
 * Unpacks the zip of a layer as AWS Lambda does, including links and modes.
 */
import * as fs from 'fs';
import * as path from 'path';
import type { ZipEntry } from './entry';
import { readZip } from './reader';
import { fileError } from '../text/file-error';

/**
 * @param directory must exist and be empty
 * @throws ZipError before anything is written
 */
export function unzip(file: string, directory: string): void {
  const entries = readZip(file);
  try {
    writeEntries(entries, directory);
  } catch (error) {
    throw fileError(error, 'cannot unpack the layer in', directory, 'set TMPDIR to a directory with space that this user can write to');
  }
}

function writeEntries(entries: Iterable<ZipEntry>, directory: string): void {
  const created = new Set([directory]);
  const make = (place: string) => {
    if (created.has(place)) return;
    make(path.dirname(place));
    fs.mkdirSync(place);
    fs.chmodSync(place, 0o755); // independent of the umask
    created.add(place);
  };
  for (const entry of entries) {
    const place = path.join(directory, entry.name);
    make(entry.type === 'directory' ? place : path.dirname(place));
    if (entry.type === 'link') {
      fs.symlinkSync(entry.target, place);
    } else if (entry.type === 'file') {
      fs.writeFileSync(place, entry.content(), { flag: 'wx' });
      fs.chmodSync(place, entry.mode);
    }
  }
}
