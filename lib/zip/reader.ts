/**
 * Reads the zip of a layer, wherever it came from: what is returned is whole, stays inside the layer, and is no more
 * than Lambda takes. Everything is looked at before anything is: a zip that is not all right is refused as a whole.
 *
 * APPNOTE.TXT 4.3: the central directory at the end tells each entry, a local header before its bytes tells it again.
 * Both have to say the same, since unpackers differ in which one they believe.
 */
import * as fs from 'fs';
import { inflateRawSync } from 'zlib';
import { MOST_BYTES } from '../plan/proof';
import { shown } from '../process/command';

/** A zip that is none, that is damaged, or that holds what no layer has; the message says what was found, and what to do. */
export class ZipError extends Error {}

interface Named {
  /** relative to what is `/opt` in the function, `elf/KEY/usr/bin/rig` */
  readonly name: string;
  /** that it takes in the zip, in bytes */
  readonly packedSize: number;
}

export interface ZippedFile extends Named {
  readonly type: 'file';
  /** permission bits */
  readonly mode: number;
  /** in bytes */
  readonly size: number;
  content(): Buffer;
}

export interface ZippedLink extends Named {
  readonly type: 'link';
  readonly target: string;
}

export interface ZippedDirectory extends Named {
  readonly type: 'directory';
}

export type ZipEntry = ZippedFile | ZippedLink | ZippedDirectory;

const LOCAL = { signature: 0x04034b50, size: 30, flags: 6, method: 8, crc: 14, packed: 18, unpacked: 22, nameLength: 26, extraLength: 28 };
const CENTRAL = {
  signature: 0x02014b50,
  size: 46,
  system: 5,
  flags: 8,
  method: 10,
  crc: 16,
  packed: 20,
  unpacked: 24,
  nameLength: 28,
  extraLength: 30,
  commentLength: 32,
  attributes: 38,
  offset: 42,
};
const END = { signature: 0x06054b50, size: 22, count: 10, directorySize: 12, directory: 16, commentLength: 20 };
/** Where there are more entries than 16 bits count: a record, and the locator that says where it is. */
const LOCATOR = { signature: 0x07064b50, size: 20, record: 8 };
const RECORD = { signature: 0x06064b50, size: 56, count: 32, directorySize: 40, directory: 48 };

const UNIX = 3;
const ENCRYPTED = 0x0001 | 0x0040 | 0x2000;
/** The local header has no sizes: they follow the bytes. */
const DESCRIBED_AFTER = 0x0008;
const STORED = 0;
const DEFLATED = 8;
const TYPE = 0o170000;
const TYPES: Readonly<Record<number, ZipEntry['type']>> = { 0o100000: 'file', 0o120000: 'link', 0o040000: 'directory' };
const MOST_PATH = 4096; // PATH_MAX
const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Where a layer is in a function. */
const OPT = '/opt/';
const MOST_LINKS = 40; // the kernel's limit (include/linux/namei.h, MAXSYMLINKS)
/** Components of all names and of all that links lead to: more than a quarter of a million files have, and done within a second. */
const MOST_STEPS = 4_000_000;
/** Headers of a layer that is full: far more than any has. */
const MOST_HEADERS = 64 * 1024 * 1024;

/**
 * The entries of a layer's zip, in the order of its directory.
 *
 * @throws ZipError, and what reading the file throws
 */
export function readZip(file: string): ZipEntry[] {
  const { size } = fs.statSync(file);
  if (size > MOST_BYTES + MOST_HEADERS) throw new ZipError(`${file} has ${size} bytes, expected the zip of a layer: Lambda takes ${MOST_BYTES} bytes unpacked`);
  const entries = new ZipReader(file, fs.readFileSync(file)).entries();
  new Tree(file, entries).check();
  return entries;
}

/** Where a path inside the layer leads with every link on the way followed; `undefined` for nowhere. */
export type Follow = (name: string) => string | undefined;

/** How names in a layer are followed. */
export function follower(entries: readonly ZipEntry[]): Follow {
  const tree = new Tree('', entries);
  return (name) => tree.follow(name);
}

interface Extent {
  readonly name: string;
  readonly start: number;
  readonly end: number;
}

class ZipReader {
  private readonly extents: Extent[] = [];

  constructor(private readonly file: string, private readonly bytes: Buffer) {}

  public entries(): ZipEntry[] {
    const { start, end, count } = this.directory();
    const entries: ZipEntry[] = [];
    let declared = 0;
    let at = start;
    while (entries.length < count) {
      if (at + CENTRAL.size > end || this.u32(at) !== CENTRAL.signature) this.contradicts(`of ${count} entries only ${entries.length} are in its directory`);
      const lengths = [CENTRAL.nameLength, CENTRAL.extraLength, CENTRAL.commentLength].map((field) => this.u16(at + field));
      const next = lengths.reduce((sum, length) => sum + length, at + CENTRAL.size);
      if (next > end) this.contradicts('an entry ends after its directory');
      const entry = this.entry(at, start);
      declared += sizeOf(entry);
      if (declared > MOST_BYTES) throw new ZipError(`${this.file} would be more than ${MOST_BYTES} bytes unpacked, expected the zip of a layer, of which Lambda takes no more: nothing was unpacked`);
      entries.push(entry);
      at = next;
    }
    if (at !== end) this.contradicts(`something follows the ${count} entries of its directory`);
    this.checkOverlaps();
    // Only now, when it is known how much there is at most.
    for (const entry of entries) if (entry.type === 'file') entry.content();
    return entries;
  }

  private directory(): { start: number; end: number; count: number } {
    const { bytes } = this;
    const at = bytes.length - END.size;
    if (at < 0 || this.u32(at) !== END.signature || this.u16(at + END.commentLength) !== 0) {
      const begins = bytes.length >= 4 && this.u32(0) === LOCAL.signature;
      throw new ZipError(begins
        ? `${this.file} is cut off, or something follows it: a zip of ${bytes.length} bytes that does not end with its directory; copy it again, or make it again`
        : `${this.file} is no zip (${bytes.length} bytes), expected that of a layer, as asset.HASH.zip in cdk.out`);
    }
    const [start, size, count] = [this.u32(at + END.directory), this.u32(at + END.directorySize), this.u16(at + END.count)];
    if (count !== 0xffff) return this.within({ start, size, end: at, count });
    const locator = at - LOCATOR.size;
    const record = locator - RECORD.size;
    const isThere = record >= 0 && this.u32(locator) === LOCATOR.signature && this.u32(record) === RECORD.signature &&
      bytes.readBigUInt64LE(locator + LOCATOR.record) === BigInt(record) &&
      bytes.readBigUInt64LE(record + RECORD.directory) === BigInt(start) && bytes.readBigUInt64LE(record + RECORD.directorySize) === BigInt(size);
    if (!isThere) this.contradicts('its count of entries is not where it should be');
    return this.within({ start, size, end: record, count: Number(bytes.readBigUInt64LE(record + RECORD.count)) });
  }

  private within({ start, size, end, count }: { start: number; size: number; end: number; count: number }) {
    if (start + size !== end) this.contradicts(`its directory would be ${size} bytes at ${start}, and ends at ${end}`);
    return { start, end, count };
  }

  /** @param at where the directory tells it */
  private entry(at: number, directory: number): ZipEntry {
    const { bytes } = this;
    const name = this.text(this.slice(at + CENTRAL.size, this.u16(at + CENTRAL.nameLength)), 'a name');
    this.checkName(name);
    const [flags, method] = [this.u16(at + CENTRAL.flags), this.u16(at + CENTRAL.method)];
    const [packedSize, size] = [this.u32(at + CENTRAL.packed), this.u32(at + CENTRAL.unpacked)];
    if (flags & ENCRYPTED) this.refuse(name, 'is encrypted');
    if (method !== STORED && method !== DEFLATED) this.refuse(name, `is compressed by method ${method}, expected deflate (8) or none (0)`);
    if (method === STORED && packedSize !== size) this.refuse(name, `is stored, but ${size} bytes would take ${packedSize}`);
    if (bytes[at + CENTRAL.system] !== UNIX) this.refuse(name, 'has no Unix mode, which says what it is');
    const attributes = this.u32(at + CENTRAL.attributes) >>> 16;
    const type = TYPES[attributes & TYPE];
    if (type === undefined) this.refuse(name, `has mode ${attributes.toString(8)}, expected a file, a link or a directory`);
    if ((type === 'directory') !== name.endsWith('/')) this.refuse(name, `is a ${type} by its mode, and ${name.endsWith('/') ? 'a directory' : 'none'} by its name`);
    const start = this.start(name, at, directory);
    if (start + packedSize > directory) this.refuse(name, 'ends after the entries do');
    this.extents.push({ name, start: this.u32(at + CENTRAL.offset), end: start + packedSize });
    const content = () => this.content(name, method, bytes.subarray(start, start + packedSize), size, this.u32(at + CENTRAL.crc));
    if (type === 'file') return { type, name, mode: attributes & 0o777, size, packedSize, content };
    if (type === 'link') {
      if (size > MOST_PATH) this.refuse(name, `is a link of ${size} bytes, expected ${MOST_PATH} at most`);
      return { type, name, packedSize, target: this.text(content(), `the target of ${shown(name)}`) };
    }
    if (size > 0) this.refuse(name, 'is a directory with a content');
    return { type, name: name.slice(0, -1), packedSize };
  }

  /** Where the bytes of an entry begin; its local header has to say what the directory says. */
  private start(name: string, central: number, directory: number): number {
    const at = this.u32(central + CENTRAL.offset);
    if (at + LOCAL.size > directory || this.u32(at) !== LOCAL.signature) this.refuse(name, 'has no local header');
    const start = at + LOCAL.size + this.u16(at + LOCAL.nameLength) + this.u16(at + LOCAL.extraLength);
    const same16 = (local: number, other: number) => this.u16(at + local) === this.u16(central + other);
    const same32 = (local: number, other: number) => this.u32(at + local) === this.u32(central + other);
    const nameLength = this.u16(at + LOCAL.nameLength);
    const isSame = same16(LOCAL.flags, CENTRAL.flags) && same16(LOCAL.method, CENTRAL.method) && same16(LOCAL.nameLength, CENTRAL.nameLength) &&
      this.slice(at + LOCAL.size, nameLength).equals(this.slice(central + CENTRAL.size, nameLength));
    const sizes = [[LOCAL.crc, CENTRAL.crc], [LOCAL.packed, CENTRAL.packed], [LOCAL.unpacked, CENTRAL.unpacked]];
    const isDescribedAfter = (this.u16(at + LOCAL.flags) & DESCRIBED_AFTER) !== 0;
    if (!isSame || !(isDescribedAfter || sizes.every(([local, other]) => same32(local, other)))) this.refuse(name, 'is another thing by its local header than by the directory');
    return start;
  }

  private content(name: string, method: number, packed: Buffer, size: number, crc: number): Buffer {
    const content = method === STORED ? packed : this.inflated(name, packed, size);
    if (content.length !== size) this.refuse(name, `has ${content.length} bytes, and ${size} by the directory`);
    if (crc32(content) !== crc) this.refuse(name, 'is damaged: its checksum is another one');
    return content;
  }

  private inflated(name: string, packed: Buffer, size: number): Buffer {
    try {
      return inflateRawSync(packed, { maxOutputLength: Math.max(size, 1) });
    } catch (error) {
      return this.refuse(name, (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE' ? `has more than the ${size} bytes that the directory says` : 'is damaged: it cannot be inflated');
    }
  }

  private checkName(name: string): void {
    const wrong = name.startsWith('/') ? 'is absolute' : name.includes('\0') ? 'has a NUL character' : name.includes('\\') ? 'has a backslash' :
      /(?:^|\/)\.{1,2}(?:\/|$)/.test(name) ? 'has . or .. as a component' : /^$|\/\//.test(name) ? 'has an empty component' : name.length > MOST_PATH ? `has ${name.length} characters` : undefined;
    if (wrong !== undefined) this.refuse(name, `${wrong}, expected a path that stays inside the layer`);
  }

  private checkOverlaps(): void {
    const sorted = [...this.extents].sort((a, b) => a.start - b.start);
    for (const [index, { name, start }] of sorted.entries()) {
      if (index > 0 && start < sorted[index - 1].end) this.refuse(name, `has bytes that are those of ${shown(sorted[index - 1].name)} as well`);
    }
  }

  private text(bytes: Buffer, what: string): string {
    try {
      return UTF_8.decode(bytes);
    } catch {
      return this.contradicts(`${what} is no UTF-8`);
    }
  }

  private u16(at: number): number {
    return this.bytes.readUInt16LE(at);
  }

  private u32(at: number): number {
    return this.bytes.readUInt32LE(at);
  }

  private slice(at: number, length: number): Buffer {
    return this.bytes.subarray(at, at + length);
  }

  private refuse(name: string, what: string): never {
    throw refusal(this.file, name, what);
  }

  private contradicts(what: string): never {
    throw new ZipError(`${this.file} is damaged: ${what}; copy it again, or make it again`);
  }
}

/** Unpacked, in bytes: what a link leads to is inflated as well. */
function sizeOf(entry: ZipEntry): number {
  return entry.type === 'file' ? entry.size : entry.type === 'link' ? entry.target.length : 0;
}

/** A place in a layer. */
interface Place {
  /** in what is above it, `''` of the top */
  readonly name: string;
  readonly above?: Place;
  below?: Map<string, Place>;
  /** none of a directory that has no entry of its own */
  entry?: ZipEntry;
  /** of a link that was followed */
  lead?: Lead;
}

/** Where a link leads in the end, nowhere if there is no such place, and by how many links, itself included. */
interface Lead {
  readonly to?: Place;
  readonly links: number;
}

/** What the entries are together, as they would stand in a directory. A link is gone through once, however many lead to it. */
class Tree {
  private readonly top: Place = { name: '' };
  private readonly following = new Set<Place>();
  private steps = 0;

  constructor(private readonly file: string, private readonly entries: readonly ZipEntry[]) {
    for (const entry of entries) {
      let at = this.top;
      for (const name of this.stepsOf(entry.name, entry.name)) {
        at.below ??= new Map();
        const next: Place = at.below.get(name) ?? { name, above: at };
        at.below.set(name, next);
        at = next;
      }
      if (at.entry) throw refusal(file, entry.name, 'is there twice');
      at.entry = entry;
    }
  }

  /** @throws ZipError for what lies below something that is no directory, and for a link that leads out */
  public check(): void {
    for (const { name } of this.entries) {
      const above = this.placeOf(name).above?.entry;
      if (above && above.type !== 'directory') throw refusal(this.file, name, `lies below ${shown(above.name)}, which is a ${above.type}`);
    }
    for (const { name, type } of this.entries) if (type === 'link') this.leadOf(this.placeOf(name));
  }

  public follow(name: string): string | undefined {
    const found = this.walk(this.top, name, name);
    if (found === OUT || found.to === undefined || found.links > MOST_LINKS) return undefined;
    const names: string[] = [];
    for (let at = found.to; at.above; at = at.above) names.push(at.name);
    return names.reverse().join('/');
  }

  private placeOf(name: string): Place {
    return name.split('/').reduce((at, step) => at.below!.get(step)!, this.top);
  }

  /** @throws ZipError where a step leads out, even if the next one leads in again */
  private leadOf(link: Place): Lead {
    if (link.lead) return link.lead;
    const { name, target } = link.entry as ZippedLink;
    if (target === '' || target.includes('\0')) throw refusal(this.file, name, 'is a link that names nothing');
    const isAbsolute = target.startsWith(OPT);
    if (target.startsWith('/') && !isAbsolute) throw refusal(this.file, name, 'is a link to an absolute path outside of /opt');
    if (this.following.has(link) || this.following.size === MOST_LINKS) throw refusal(this.file, name, ROUND);
    this.following.add(link);
    const found = isAbsolute ? this.walk(this.top, target.slice(OPT.length), name) : this.walk(link.above!, target, name);
    this.following.delete(link);
    if (found === OUT) throw refusal(this.file, name, 'is a link that leads out of the layer');
    const lead = { to: found.to, links: found.links + 1 };
    if (lead.links > MOST_LINKS) throw refusal(this.file, name, ROUND);
    link.lead = lead;
    return lead;
  }

  /** @param entry the name of the entry that is looked at */
  private walk(from: Place, target: string, entry: string): Lead | typeof OUT {
    let at = from;
    let links = 0;
    for (const step of this.stepsOf(target, entry)) {
      if (step === '' || step === '.') continue;
      if (step === '..') {
        if (!at.above) return OUT;
        at = at.above;
        continue;
      }
      const next = at.below?.get(step);
      const lead: Lead = next?.entry?.type === 'link' ? this.leadOf(next) : { to: next, links: 0 };
      links += lead.links;
      if (!lead.to) return { links };
      at = lead.to;
    }
    return { to: at, links };
  }

  private stepsOf(name: string, entry: string): string[] {
    const steps = name.split('/');
    this.steps += steps.length;
    if (this.steps > MOST_STEPS) throw refusal(this.file, entry, `and those before it have names and links of more than ${MOST_STEPS} components`);
    return steps;
  }
}

const OUT = 'out of the layer';
const ROUND = 'is a link that leads to itself';

function refusal(file: string, name: string, what: string): ZipError {
  return new ZipError(`${file}: the entry '${shown(name)}' ${what}; this is no layer of binary-layer's, and nothing was unpacked`);
}

/** By APPNOTE.TXT 4.4.7. Node has one of its own only from 20.15 on. */
const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc >>> 0;
});

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) crc = CRC_TABLE[(crc ^ bytes[at]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}
