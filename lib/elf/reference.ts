/**
 * Finds references from the code and data of a file to addresses in it.
 */
import { ByteReader } from './byte-reader';
import { DT_RELA, DT_RELASZ, DynamicSection } from './dynamic-section';
import type { Elf } from './elf';
import { loadedFrom, PF_W, PF_X, PT_LOAD, type Segment } from './program-header';

/**
 * Finds the addresses that a file refers to: from code, by an address relative to the instruction, and from data, by
 * a pointer.
 *
 * If a string is the end of another one, linkers store only the longer one (ld's `-O1` merges tails): `fonts` may be the end
 * of `/etc/fonts`. Only references to the addresses show which of the two a program uses. The result may contain an address by
 * chance, and lacks addresses that are computed.
 *
 * @param addresses in the address space of the program headers
 */
export function findReferences(bytes: Buffer, elf: Elf, addresses: ReadonlySet<number>): Set<number> {
  return find(bytes, elf, addresses, true);
}

/**
 * Like `findReferences`, but finds fewer addresses by chance: only `lea`, `adrp`, aligned pointers and relocations count. Compilers of Go
 * and Rust load the addresses of strings in these ways even in programs at fixed addresses.
 *
 * @param addresses in the address space of the program headers
 */
export function findStringReferences(bytes: Buffer, elf: Elf, addresses: ReadonlySet<number>): Set<number> {
  return find(bytes, elf, addresses, false);
}

/** @param inWords whether any 32 bits in code of x86_64 count as an address, if the program is at a fixed address */
function find(bytes: Buffer, elf: Elf, addresses: ReadonlySet<number>, inWords: boolean): Set<number> {
  const referenced = new Set<number>();
  if (addresses.size === 0) return referenced;
  const targets = new AddressSet(addresses, referenced);
  const isFixed = elf.type === 'executable';
  for (const segment of loadedFrom(elf.segments, bytes.length)) {
    const isCode = (segment.flags & PF_X) !== 0;
    const isOfX86 = isCode && elf.machine === 'x86_64';
    if (isOfX86) fromCodeOfX86(bytes, segment, targets);
    else if (isCode) fromCodeOfAarch64(bytes, segment, targets);
    // in a program at a fixed address, any instruction may contain an address. Pointers need no relocation there, so segments that
    // are not writable may contain pointers, too
    const isSearched = inWords && isOfX86 && isFixed && targets.most <= MOST_WORD;
    if (isSearched) fromAnyWord(bytes, segment, targets);
    else if (isFixed || (segment.flags & PF_W) !== 0) fromPointers(bytes, segment, targets);
  }
  fromRelocations(bytes, elf, targets);
  return referenced;
}

/**
 * Finds the addresses from which code of x86_64 loads 16 bytes into a vector register.
 *
 * Compilers copy a string constant in pieces of 16 bytes, and linkers put the pieces of all constants next to each other. Only the loads
 * show which pieces form a string. For aarch64, gcc keeps the string whole.
 *
 * @param addresses in the address space of the program headers
 */
export function findVectorLoads(bytes: Buffer, elf: Elf, addresses: ReadonlySet<number>): Set<number> {
  const loaded = new Set<number>();
  if (addresses.size === 0 || elf.machine !== 'x86_64') return loaded;
  const targets = new AddressSet(addresses, loaded);
  for (const segment of loadedFrom(elf.segments, bytes.length)) {
    if ((segment.flags & PF_X) === 0) continue;
    for (const opcode of VECTOR_LOADS) fromCodeOfX86(bytes, segment, targets, opcode);
  }
  return loaded;
}

/** The address of an offset in the file, `undefined` if it is not loaded. */
export function addressOf(elf: Elf, offset: number): number | undefined {
  const segment = elf.segments.find(({ type, offset: start, filesz }) => type === PT_LOAD && start <= offset && offset < start + filesz);
  return segment && segment.vaddr + offset - segment.offset;
}

/** A set of addresses. It first tests the range and the lowest 16 bits of a number, which rejects most numbers that are not in the set. */
class AddressSet {
  public readonly least: number;
  public readonly most: number;
  /** lowest 16 bits of a number → 1 if an address in the set has the same 16 bits */
  public readonly endings = new Uint8Array(0x10000);

  constructor(private readonly addresses: ReadonlySet<number>, private readonly referenced: Set<number>) {
    this.least = Infinity;
    this.most = -Infinity;
    for (const address of addresses) {
      this.least = Math.min(this.least, address);
      this.most = Math.max(this.most, address);
      this.endings[address & 0xffff] = 1;
    }
  }

  public see(address: number): void {
    if (address >= this.least && address <= this.most && this.endings[address & 0xffff] === 1 && this.addresses.has(address)) {
      this.referenced.add(address);
    }
  }
}

/** The opcode of `lea`. With a ModRM byte of `00 reg 101`, its operand is relative to the next instruction. */
const LEA = 0x8d;
const MOST_WORD = 0xffffffff;
const WORD = Int32Array.BYTES_PER_ELEMENT;

/** The opcodes of `movdqa`, `movaps` and `movups`. */
const VECTOR_LOADS = [0x6f, 0x28, 0x10];

/**
 * Finds the addresses in instructions with an opcode and an operand relative to the next instruction. Position-independent code loads the
 * address of a string with `lea`.
 */
function fromCodeOfX86(bytes: Buffer, { offset, vaddr, filesz }: Segment, targets: AddressSet, opcode = LEA): void {
  const code = bytes.subarray(offset, offset + filesz);
  for (let at = code.indexOf(opcode); at >= 0 && at + 6 <= filesz; at = code.indexOf(opcode, at + 1)) {
    if ((code[at + 1] & 0xc7) === 5) targets.see(vaddr + at + 6 + code.readInt32LE(at + 2));
  }
}

/** Tests 32 bits at every offset. Code can be hundreds of megabytes, so it is read in words, and most words are rejected without a call. */
function fromAnyWord(bytes: Buffer, { offset, filesz }: Segment, targets: AddressSet): void {
  const end = offset + filesz;
  const first = Math.min(offset + (-(bytes.byteOffset + offset) & (WORD - 1)), end);
  const count = (end - first) >> 2;
  // if no whole word follows `first`, it may not be aligned, and Int32Array would throw
  const words = count === 0 ? new Int32Array(0) : new Int32Array(bytes.buffer, bytes.byteOffset + first, count);
  const least = targets.least | 0;
  const range = targets.most - targets.least;
  const see = (word: number) => {
    if ((word - least) >>> 0 <= range) targets.see(word >>> 0);
  };
  for (let index = 1, before = words[0]; index < words.length; index++) {
    const word = words[index];
    see((before >>> 8) | (word << 24));
    see((before >>> 16) | (word << 16));
    see((before >>> 24) | (word << 8));
    see(word);
    before = word;
  }
  for (let at = offset; at <= first && at + WORD <= end; at++) see(bytes.readInt32LE(at));
  for (let at = Math.max(first + (words.length - 1) * WORD, offset); at + WORD <= end; at++) see(bytes.readInt32LE(at));
}

/** `adrp` loads the address of a page into a register, and an `add` that follows reads that register and adds the offset in the page. */
function fromCodeOfAarch64(bytes: Buffer, { offset, vaddr, filesz }: Segment, targets: AddressSet): void {
  const pages = new Array<number>(32).fill(0);
  for (let at = offset; at + 4 <= offset + filesz; at += 4) {
    const word = bytes.readUInt32LE(at);
    if ((word & 0x9f000000) >>> 0 === 0x90000000) {
      const immediate = (((word >> 5) & 0x7ffff) << 2) | ((word >> 29) & 3);
      const pc = vaddr + at - offset;
      pages[word & 31] = pc - (pc % 4096) + ((immediate << 11) >> 11) * 4096;
    } else if ((word & 0xffc00000) >>> 0 === 0x91000000) {
      targets.see(pages[(word >> 5) & 31] + ((word >> 10) & 0xfff));
    }
  }
}

function fromPointers(bytes: Buffer, { offset, filesz }: Segment, targets: AddressSet): void {
  const { endings } = targets;
  for (let at = Math.ceil(offset / 8) * 8; at + 8 <= offset + filesz; at += 8) {
    if (endings[bytes[at] | (bytes[at + 1] << 8)] === 0) continue;
    const high = bytes.readInt32LE(at + 4);
    if (high >= 0 && high < 0x200000) targets.see(bytes.readUInt32LE(at) + high * 2 ** 32);
  }
}

/** The addends of DT_RELA: each entry has 24 bytes, and its addend begins at byte 16. */
function fromRelocations(bytes: Buffer, elf: Elf, targets: AddressSet): void {
  const reader = new ByteReader(bytes);
  const table = DynamicSection.find(reader, elf.segments)?.extent(DT_RELA, DT_RELASZ);
  if (!table) return;
  for (let at = table.offset; at + 24 <= table.offset + table.size; at += 24) {
    if (bytes.readUInt32LE(at + 20) < 0x200000) targets.see(bytes.readUInt32LE(at + 16) + bytes.readUInt32LE(at + 20) * 2 ** 32);
  }
}
