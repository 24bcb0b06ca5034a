/**
 * Writes headers of a tar archive in the pax format. Owners are root. A value that does not fit into its field is in a pax record
 * before the header.
 */
import { BLOCK, checksumOf, type Field, FIELDS, MAGIC } from './format';

export interface NewEntry {
  readonly type: 'directory' | 'file' | 'symbolic link';
  /** relative; a directory's ends with `/` */
  readonly path: string;
  /** target of a symbolic link */
  readonly link?: string;
  /** of a file, in bytes */
  readonly size?: number;
  readonly mode: number;
  /** in seconds since 1970 */
  readonly modified: number;
}

const FLAGS = { 'directory': '5', 'file': '0', 'symbolic link': '2', 'records': 'x' };

/** The header of an entry, preceded by its pax records if it needs any. */
export function headerOf({ type, path, link = '', size = 0, mode, modified }: NewEntry): Buffer {
  const records: Buffer[] = [];
  const fitting = (text: string, field: 'name' | 'link', key: string) => {
    const bytes = Buffer.from(text);
    if (bytes.length <= FIELDS[field][1] && bytes.length === text.length) return bytes;
    records.push(recordOf(key, text));
    return bytes.subarray(0, FIELDS[field][1]);
  };
  const name = fitting(path, 'name', 'path');
  const target = fitting(link, 'link', 'linkpath');
  const sizeInHeader = size < 8 ** 11 ? size : 0;
  if (size !== sizeInHeader) records.push(recordOf('size', `${size}`));
  const header = block(FLAGS[type], name, { link: target, size: sizeInHeader, mode, modified });
  if (records.length === 0) return header;
  const content = Buffer.concat(records);
  const padding = Buffer.alloc((BLOCK - content.length % BLOCK) % BLOCK);
  const own = block(FLAGS.records, Buffer.from('PaxHeader'), { size: content.length, mode: 0o644, modified });
  return Buffer.concat([own, content, padding, header]);
}

function block(flag: string, name: Buffer, { link = Buffer.alloc(0), size, mode, modified }: {
  readonly link?: Buffer; readonly size: number; readonly mode: number; readonly modified: number;
}): Buffer {
  const header = Buffer.alloc(BLOCK);
  const put = (field: Field, bytes: Buffer) => bytes.copy(header, FIELDS[field][0]);
  const octal = (field: Field, value: number) => put(field, Buffer.from(value.toString(8).padStart(FIELDS[field][1] - 1, '0')));
  put('name', name);
  octal('mode', mode);
  octal('uid', 0);
  octal('gid', 0);
  octal('size', size);
  octal('modified', modified);
  put('type', Buffer.from(flag));
  put('link', link);
  put('magic', Buffer.from(MAGIC, 'latin1'));
  put('checksum', Buffer.from(`${checksumOf(header).toString(8).padStart(6, '0')}\0 `));
  return header;
}

/** `LENGTH KEY=VALUE\n`, where LENGTH counts its own digits. */
function recordOf(key: string, value: string): Buffer {
  const rest = ` ${key}=${value}\n`;
  const bytes = Buffer.byteLength(rest);
  let length = bytes;
  while (`${length}`.length + bytes !== length) length = `${length}`.length + bytes;
  return Buffer.from(`${length}${rest}`);
}
