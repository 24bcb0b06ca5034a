/**
 * Tar archives built header by header, including invalid ones that no tar program writes.
 */
export interface TarEntry {
  readonly name: string | Buffer;
  /** the flag of POSIX and GNU @default '0', a file */
  readonly type?: string;
  readonly link?: string;
  /** @default 0o644 */
  readonly mode?: number;
  /** in seconds since 1970 @default 0 */
  readonly modified?: number;
  readonly content?: string | Buffer;
  /** offset of the header in bytes @default - the content's */
  readonly size?: number;
}

const BLOCK = 512;

export const directory = (name: string, mode = 0o755): TarEntry => ({ name, type: '5', mode });
export const symbolicLink = (name: string, link: string): TarEntry => ({ name, type: '2', link });
export const hardLink = (name: string, link: string): TarEntry => ({ name, type: '1', link });

/** Replaces fields of the header of the entry after it. */
export function pax(records: Readonly<Record<string, string | Buffer>>): TarEntry {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')]);
    let length = rest.length;
    while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
    return Buffer.concat([Buffer.from(String(length)), rest]);
  });
  return { name: 'PaxHeaders/0', type: 'x', content: Buffer.concat(lines) };
}

/** An archive with its end. */
export function tarOf(...entries: readonly TarEntry[]): Buffer {
  return Buffer.concat([...entries.map(blocksOf), Buffer.alloc(2 * BLOCK)]);
}

export function blocksOf({ name, type = '0', link = '', mode = 0o644, modified = 0, content = '', size }: TarEntry): Buffer {
  const bytes = Buffer.from(content);
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number) => header.write(value.toString(8).padStart(length - 1, '0'), at);
  Buffer.from(name).copy(header, 0, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size ?? bytes.length, 124, 12);
  octal(modified, 136, 12);
  header.write(' '.repeat(8), 148);
  header.write(type, 156, 'latin1');
  header.write(link, 157, 100);
  header.write('ustar\x0000', 257, 'latin1');
  octal(header.reduce((sum, byte) => sum + byte), 148, 7);
  return Buffer.concat([header, bytes, Buffer.alloc((BLOCK - bytes.length % BLOCK) % BLOCK)]);
}
