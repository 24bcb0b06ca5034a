/**
 * Unpacks a zip that zip.ts wrote, and no other: its names are trusted, its links are kept, as AWS Lambda keeps them.
 *
 * APPNOTE.TXT 4.3: the central directory at the end tells each entry; where that begins, its local header tells.
 */
import * as fs from 'fs';
import * as path from 'path';
import { inflateRawSync } from 'zlib';

const LOCAL = { size: 30, nameLength: 26, extraLength: 28 };
const CENTRAL = {
  signature: 0x02014b50, size: 46, method: 10, compressed: 20, nameLength: 28, extraLength: 30, commentLength: 32, attributes: 38, offset: 42,
};
const END = { signature: 'PK\x05\x06', directory: 16 };
const STORED = 0;
const TYPE = 0o170000;
const LINK = 0o120000;

/** @param directory what is to hold it, there already */
export function unzip(file: string, directory: string): void {
  const bytes = fs.readFileSync(file);
  const made = new Set([directory]);
  const make = (wanted: string) => {
    if (made.has(wanted)) return;
    make(path.dirname(wanted));
    fs.mkdirSync(wanted);
    fs.chmodSync(wanted, 0o755); // the umask took its part
    made.add(wanted);
  };
  let at = bytes.readUInt32LE(bytes.lastIndexOf(END.signature, undefined, 'latin1') + END.directory);
  while (bytes.readUInt32LE(at) === CENTRAL.signature) {
    const nameEnd = at + CENTRAL.size + bytes.readUInt16LE(at + CENTRAL.nameLength);
    const name = bytes.toString('utf8', at + CENTRAL.size, nameEnd);
    const mode = bytes.readUInt32LE(at + CENTRAL.attributes) >>> 16;
    const place = path.join(directory, name);
    if (name.endsWith('/')) {
      make(path.join(directory, name.slice(0, -1)));
    } else {
      make(path.dirname(place));
      const content = contentOf(bytes, at);
      if ((mode & TYPE) === LINK) {
        fs.symlinkSync(content, place);
      } else {
        fs.writeFileSync(place, content);
        fs.chmodSync(place, mode & 0o777);
      }
    }
    at = nameEnd + bytes.readUInt16LE(at + CENTRAL.extraLength) + bytes.readUInt16LE(at + CENTRAL.commentLength);
  }
}

function contentOf(bytes: Buffer, entry: number): Buffer {
  const local = bytes.readUInt32LE(entry + CENTRAL.offset);
  const start = local + LOCAL.size + bytes.readUInt16LE(local + LOCAL.nameLength) + bytes.readUInt16LE(local + LOCAL.extraLength);
  const packed = bytes.subarray(start, start + bytes.readUInt32LE(entry + CENTRAL.compressed));
  return bytes.readUInt16LE(entry + CENTRAL.method) === STORED ? packed : inflateRawSync(packed);
}
