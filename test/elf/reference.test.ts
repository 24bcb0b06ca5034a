import { spawnSync } from 'child_process';
import * as fs from 'fs';
import { addressOf, findReferences, findVectorLoads, readElf, stringsOf } from '../../lib/elf';
import { Fixture, gcc } from '../fixture';

const root = new Fixture();
let count = 0;

/** Which strings of a program or library its code and data refer to. */
function referred(source: string, options: readonly string[], strings: readonly string[], compiler = 'gcc'): string[] {
  const file = root.locate(`/${count++}`);
  gcc(file, source, ['-O1', '-nostdlib', ...options], compiler);
  const bytes = fs.readFileSync(file);
  const elf = readElf(bytes);
  const addresses = new Map(strings.map((string) => {
    const offset = bytes.indexOf(string);
    expect(offset).toBeGreaterThan(0);
    return [addressOf(elf, offset)!, string];
  }));
  return [...findReferences(bytes, elf, new Set(addresses.keys()))].map((address) => addresses.get(address)!).sort();
}

const EXIT = 'void _start(void) {}';
/** Strings that are kept in the file although nothing refers to them. */
const UNUSED =
  'struct pair { char one[16], other[16]; }; __attribute__((used)) const struct pair unused = { "nobody-one", "nobody-other" };';
const CODE = `${UNUSED} const char *first(void) { return "the-first"; }
  const char *second(int x) { return x ? "the-second" : "the-third"; } ${EXIT}`;
const POINTERS = `${UNUSED} const char *volatile table[] = { "the-first", "the-second", "the-third" }; ${EXIT}`;
const CONSTANT = `${UNUSED} __attribute__((used)) const char *const table[] = { "the-first", "the-second", "the-third" }; ${EXIT}`;

const ALL = ['nobody-one', 'nobody-other', 'the-first', 'the-second', 'the-third'];
const USED = ['the-first', 'the-second', 'the-third'];

const LINKED: readonly (readonly [string, readonly string[]])[] = [
  ['a library', ['-shared', '-fPIC']],
  ['a position-independent program', ['-pie', '-fPIE']],
  ['a program at a fixed address', ['-no-pie', '-fno-pie', '-static']],
];

describe.each(LINKED)('in %s', (_, options) => {
  test('code has references to its strings only', () => {
    expect(referred(CODE, options, ALL)).toEqual(USED);
  });

  test('pointers have references', () => {
    expect(referred(POINTERS, options, ALL)).toEqual(USED);
  });

  test('constant pointers have references', () => {
    expect(referred(CONSTANT, options, ALL)).toEqual(USED);
  });
});

test('pointers with packed relocations have references', () => {
  expect(referred(POINTERS, ['-shared', '-fPIC', '-Wl,-z,pack-relative-relocs'], ALL)).toEqual(USED);
});

test('code that is optimized for size has references', () => {
  for (const level of ['-O0', '-O2', '-O3', '-Os']) expect(referred(CODE, ['-shared', '-fPIC', level], ALL)).toEqual(USED);
});

const AARCH64 = 'aarch64-linux-gnu-gcc';
const hasAarch64 = spawnSync(AARCH64, ['--version']).status === 0;

(hasAarch64 ? describe : describe.skip)('for aarch64', () => {
  test.each(LINKED)('in %s, code and pointers have references to their strings only', (_, options) => {
    expect(referred(CODE, options, ALL, AARCH64)).toEqual(USED);
    expect(referred(POINTERS, options, ALL, AARCH64)).toEqual(USED);
  });

  test('code has references across page boundaries, above and below', () => {
    const far = `__attribute__((section(".far"), used)) char gap[1 << 20] = { 1 }; ${CODE}`;
    expect(referred(far, ['-shared', '-fPIC'], ALL, AARCH64)).toEqual(USED);
  });
});

test('a reference to the end of a string is distinguished from one to the whole string', () => {
  const options = ['-O2', '-shared', '-fPIC', '-Wl,-O1'];
  const whole = 'const char *whole(void) { return "/etc/fonts"; }';
  const file = root.locate('/tails');
  const ends = (source: string) => {
    gcc(file, source, ['-nostdlib', ...options]);
    const bytes = fs.readFileSync(file);
    const offset = bytes.indexOf('/etc/fonts\0');
    expect(bytes.indexOf('fonts\0')).toBe(offset + 5);
    expect(bytes.indexOf('fonts\0', offset + 6)).toBe(-1);
    const elf = readElf(bytes);
    return findReferences(bytes, elf, new Set([addressOf(elf, offset + 5)!])).size;
  };
  expect(ends(whole)).toBe(0);
  expect(ends(`${whole} const char *end(void) { return "fonts"; }`)).toBe(1);
});

test('without addresses to search for, there are no references', () => {
  root.library('/none.so', { source: CODE });
  const bytes = fs.readFileSync(root.locate('/none.so'));
  expect(findReferences(bytes, readElf(bytes), new Set()).size).toBe(0);
});

test('data that is not loaded has no address', () => {
  root.library('/none.so', { source: CODE });
  const bytes = fs.readFileSync(root.locate('/none.so'));
  expect(addressOf(readElf(bytes), bytes.length - 1)).toBeUndefined();
  expect(addressOf(readElf(bytes), 0)).toBe(0);
});

test('overlapping segments are searched once for code, pointers and strings', () => {
  const file = root.locate(`/${count++}`);
  gcc(file, `${POINTERS} char more[1000000] = "more";`, ['-O1', '-nostdlib', '-no-pie', '-fno-pie', '-static']);
  const bytes = fs.readFileSync(file);
  const elf = readElf(bytes);
  const address = addressOf(elf, bytes.indexOf('the-first'))!;
  const whole = { ...elf.segments.find(({ type }) => type === 1)!, offset: 0, vaddr: 0x400000, filesz: bytes.length, flags: 7 };
  const layered = { ...elf, segments: [...elf.segments, ...Array.from({ length: 5000 }, () => whole)] };
  expect([...findReferences(bytes, layered, new Set([address]))]).toEqual([address]);
  expect(stringsOf(bytes, layered, 20)).toContain('the-first');
});

describe('at every offset and with every length', () => {
  const segment = { type: 1, flags: 5, offset: 0, vaddr: 0x10000000, filesz: 0, memsz: 0, align: 1 };
  const elfWith = (offset: number, filesz: number) => (
    { machine: 'x86_64', type: 'executable', osAbi: 0, notes: [], segments: [{ ...segment, offset, filesz }] } as const);
  const offsets = Array.from({ length: 9 }, (_, offset) => offset);

  test('strings are found up to the longest, and only if a NUL ends them', () => {
    for (const offset of offsets) {
      for (const length of [1, 2, 3, 4, 5, 8, 9]) {
        const bytes = Buffer.alloc(40, 1);
        bytes.write(`${'x'.repeat(length)}\0y`, 4 + offset, 'latin1');
        expect([...stringsOf(bytes, elfWith(offset, 40 - offset), 8)]).toEqual(length <= 8 ? ['x'.repeat(length)] : []);
        expect([...stringsOf(bytes, elfWith(offset, 4 + length), 8)]).toEqual([]);
      }
    }
  });

  test('nothing is found in a segment of a few bytes', () => {
    for (const offset of offsets) {
      for (const size of [1, 2, 3]) {
        const bytes = Buffer.alloc(32, 'x');
        expect([...stringsOf(bytes, elfWith(offset, size), 8)]).toEqual([]);
        expect([...findReferences(bytes, elfWith(offset, size), new Set([0x78787878]))]).toEqual([]);
      }
    }
  });

  test('a string begins where its segment does', () => {
    const text = 'abcdefghijkl';
    for (const offset of offsets) {
      expect([...stringsOf(Buffer.from(`${text}\0`), elfWith(offset, text.length + 1 - offset), 20)]).toEqual([text.slice(offset)]);
    }
  });

  test('addresses in code at a fixed address are found', () => {
    for (const offset of offsets) {
      for (const place of offsets) {
        const bytes = Buffer.alloc(32);
        bytes.writeUInt32LE(0x10000007, offset + place);
        const find = (filesz: number) => [...findReferences(bytes, elfWith(offset, filesz), new Set([0x10000007, 0x10000009]))];
        expect(find(32 - offset)).toEqual([0x10000007]);
        expect(find(place + 4)).toEqual([0x10000007]);
        expect(find(place + 3)).toEqual([]);
      }
    }
  });
});

test.each([
  ['', []],
  [' with AVX', ['-mavx2']],
])('vector loads%s are found, and references to the address of a string are not', (_, options) => {
  const file = root.locate(`/${count++}`);
  gcc(file, `
    void copy(char *to) { __builtin_memcpy(to, "/etc/rig/modules.d/rig.cfg-and-32", 32); }
    const char *other(void) { return "/etc/other/names"; } ${EXIT}`, ['-O2', '-nostdlib', '-shared', '-fPIC', ...options]);
  const bytes = fs.readFileSync(file);
  const elf = readElf(bytes);
  const [copied, other] = ['/etc/rig/modules', '/etc/other/names'].map((text) => addressOf(elf, bytes.indexOf(text))!);
  expect([...findVectorLoads(bytes, elf, new Set([copied, other]))]).toEqual([copied]);
  expect([...findVectorLoads(bytes, elf, new Set())]).toEqual([]);
  expect([...findVectorLoads(bytes, { ...elf, machine: 'aarch64' }, new Set([copied]))]).toEqual([]);
});
