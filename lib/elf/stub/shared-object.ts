/**
 * Writes a shared object, section by section.
 */
import { type Machine, MACHINE_NUMBERS, PHDR_SIZE } from '../header';
import { HEADER_SIZE } from '../identification';
import { PF_R, PF_W, PF_X, PT_DYNAMIC, PT_LOAD } from '../program-header';
import { Strings } from './strings';

/**
 * A shared object under construction: first the sections that are read or executed, then the dynamic section, which the loader
 * modifies. The file has no padding between the two: the page that holds the end of one and the start of the other
 * is mapped twice, as with GNU ld's `-z noseparate-code`.
 */
export class SharedObject {
  private readonly sections: PlacedSection[] = [];
  private position: number;

  /** @param inaccessible size of the address space that cannot be read or written, in bytes: see `inaccessibleAddress` */
  constructor(private readonly machine: Machine, private readonly inaccessible = 0) {
    this.position = HEADER_SIZE + this.segments * PHDR_SIZE;
  }

  /** The address of the inaccessible space. Call it after all sections are added. */
  public get inaccessibleAddress(): number {
    const end = this.sections.reduce((last, { address, content }) => Math.max(last, address + content.length), 0);
    return Math.ceil(end / PAGE_SIZES[this.machine]) * PAGE_SIZES[this.machine];
  }

  private get segments(): number {
    return this.inaccessible > 0 ? SEGMENTS + 1 : SEGMENTS;
  }

  /** The address of the next section, if it has this alignment and the loader does not write to it. */
  public next(align: number): number {
    return Math.ceil(this.position / align) * align;
  }

  /** Adds a section. Its content may be filled in later. @returns its address */
  public add(section: Section): number {
    const offset = this.next(section.align);
    const address = section.isWritten ? offset + PAGE_SIZES[this.machine] : offset;
    this.sections.push({ ...section, offset, address });
    this.position = offset + section.content.length;
    return address;
  }

  /** The section number that symbols refer to. 0 means that there is no such section. */
  public indexOf(name: string): number {
    return this.sections.findIndex((section) => section.name === name) + 1;
  }

  public bytes(): Buffer {
    const names = new Strings();
    const headers = this.sections.map((section) => this.sectionHeader(section, names));
    const shstrtab = names.offset('.shstrtab');
    const strings = names.bytes();
    headers.push(sectionHeader({ name: shstrtab, type: SHT_STRTAB, offset: this.position, size: strings.length, align: 1 }));
    const table = Math.ceil((this.position + strings.length) / 8) * 8;

    const file = Buffer.alloc(table + (headers.length + 1) * SHDR_SIZE);
    Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]).copy(file); // 64-bit, little-endian, version 1
    file.writeUInt16LE(ET_DYN, 16);
    file.writeUInt16LE(MACHINE_NUMBERS[this.machine], 18);
    file.writeUInt32LE(1, 20); // e_version
    file.writeBigUInt64LE(BigInt(HEADER_SIZE), 32); // e_phoff
    file.writeBigUInt64LE(BigInt(table), 40); // e_shoff
    [HEADER_SIZE, PHDR_SIZE, this.segments, SHDR_SIZE, headers.length + 1, headers.length].forEach((value, index) => {
      file.writeUInt16LE(value, 52 + 2 * index);
    });
    this.programHeaders().forEach((header, index) => header.copy(file, HEADER_SIZE + index * PHDR_SIZE));
    for (const { content, offset } of this.sections) content.copy(file, offset);
    strings.copy(file, this.position);
    headers.forEach((header, index) => header.copy(file, table + (index + 1) * SHDR_SIZE));
    return file;
  }

  private programHeaders(): Buffer[] {
    const pageSize = PAGE_SIZES[this.machine];
    const isWritten = ({ isWritten: written }: Section) => written === true;
    const dynamic = this.sections.find(isWritten);
    const read = this.sections.filter(section => !isWritten(section));
    const end = read.reduce((last, { offset, content }) => Math.max(last, offset + content.length), 0);
    const written = { offset: dynamic?.offset ?? 0, address: dynamic?.address ?? 0, size: dynamic?.content.length ?? 0 };
    const inaccessible = { offset: 0, address: this.inaccessibleAddress, size: 0 }; // no byte of it is in the file
    return [
      programHeader(PT_LOAD, PF_R | PF_X, { offset: 0, address: 0, size: end }, pageSize),
      programHeader(PT_LOAD, PF_R | PF_W, written, pageSize),
      ...(this.inaccessible > 0 ? [programHeader(PT_LOAD, 0, inaccessible, pageSize, this.inaccessible)] : []),
      programHeader(PT_DYNAMIC, PF_R | PF_W, written, 8),
      programHeader(PT_GNU_STACK, PF_R | PF_W, { offset: 0, address: 0, size: 0 }, 16),
    ];
  }

  private sectionHeader(section: PlacedSection, names: Strings): Buffer {
    const link = section.link === undefined ? 0 : this.indexOf(section.link);
    return sectionHeader({ ...section, name: names.offset(section.name), size: section.content.length, link });
  }
}

export interface Section {
  readonly name: string;
  /** SHT_ number */
  readonly type: number;
  /** sum of SHF_ numbers */
  readonly flags: number;
  readonly content: Buffer;
  /** in bytes */
  readonly align: number;
  /** whether the loader writes to it: the dynamic section, which comes last */
  readonly isWritten?: boolean;
  /** the name of the section that `sh_link` refers to */
  readonly link?: string;
  readonly info?: number;
  /** in bytes */
  readonly entrySize?: number;
}

interface PlacedSection extends Section {
  readonly offset: number;
  readonly address: number;
}

export const SHT_PROGBITS = 1;
export const SHT_STRTAB = 3;
export const SHT_DYNAMIC = 6;
export const SHT_DYNSYM = 11;
export const SHT_GNU_HASH = 0x6ffffff6;
export const SHT_GNU_VERDEF = 0x6ffffffd;
export const SHT_GNU_VERSYM = 0x6fffffff;
export const SHF_WRITE = 1;
export const SHF_ALLOC = 2;
export const SHF_EXECINSTR = 4;

const ET_DYN = 3;
/** The largest page size of a Linux kernel: 4 KiB on x86_64, 64 KiB on aarch64. */
const PAGE_SIZES: Readonly<Record<Machine, number>> = { x86_64: 0x1000, aarch64: 0x10000 };
/** Without this header, glibc makes the stack executable. */
const PT_GNU_STACK = 0x6474e551;
const SEGMENTS = 4;
const SHDR_SIZE = 64;

/** @param memory size in memory @default - the size in the file */
function programHeader(
  type: number, flags: number, place: { offset: number; address: number; size: number }, align: number, memory = place.size,
): Buffer {
  const header = Buffer.alloc(PHDR_SIZE);
  header.writeUInt32LE(type, 0);
  header.writeUInt32LE(flags, 4);
  [place.offset, place.address, place.address, place.size, memory, align].forEach((value, index) => {
    header.writeBigUInt64LE(BigInt(value), 8 + 8 * index);
  });
  return header;
}

interface SectionHeader {
  readonly name: number;
  readonly type: number;
  readonly flags?: number;
  readonly address?: number;
  readonly offset: number;
  readonly size: number;
  readonly link?: number;
  readonly info?: number;
  readonly align: number;
  readonly entrySize?: number;
}

function sectionHeader(fields: SectionHeader): Buffer {
  const { name, type, flags = 0, address = 0, offset, size, link = 0, info = 0, align, entrySize = 0 } = fields;
  const header = Buffer.alloc(SHDR_SIZE);
  header.writeUInt32LE(name, 0);
  header.writeUInt32LE(type, 4);
  [flags, address, offset, size].forEach((value, index) => header.writeBigUInt64LE(BigInt(value), 8 + 8 * index));
  header.writeUInt32LE(link, 40);
  header.writeUInt32LE(info, 44);
  header.writeBigUInt64LE(BigInt(align), 48);
  header.writeBigUInt64LE(BigInt(entrySize), 56);
  return header;
}
