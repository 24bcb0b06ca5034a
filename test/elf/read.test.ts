import { readFileSync } from 'node:fs';
import { build, halfWords, words } from './bytes';
import { run, Workshop } from './compile';
import { debugSections, DF_1_NODEFLIB, DF_1_PIE, FormatError, isProgram, readElf } from '../../lib/elf';

const workshop = new Workshop();
afterAll(() => workshop.remove());

const strings = Buffer.from('\0libone.so\0libtwo.so\0/a:/b\0$ORIGIN\0V1\0V2\0');
const at = (text: string) => strings.indexOf(`\0${text}\0`) + 1;

/** A file with this dynamic section and these strings. */
const dynamic = (entries: readonly (readonly [number, number | string])[], blocks: Record<string, Buffer> = {}) =>
  build({ blocks: { strings, ...blocks }, dynamic: [...entries, [5, 'strings'], [10, strings.length]] });

/** The error for a file. */
function failure(bytes: Buffer): FormatError {
  try {
    readElf(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
  throw new Error('read without an error');
}

describe('a program of gcc', () => {
  const path = workshop.compile('program', `
    #include <stdio.h>
    #include <math.h>
    int main(int count, char **arguments) { printf("%f", cos(count)); return 0; }
  `, ['-pie', '-fPIE', '-lm', '-Wl,-rpath,/some/where', '-Wl,-z,nodefaultlib,-z,lazy', '-Wl,--build-id=0x0123abcd']);
  const elf = readElf(readFileSync(path));

  test('is a program with an interpreter', () => {
    expect(elf).toMatchObject({ machine: 'x86_64', type: 'shared', interpreter: '/lib64/ld-linux-x86-64.so.2' });
    expect(isProgram(elf)).toBe(true);
  });

  test('has its needed libraries and search path read', () => {
    expect(elf.dynamic).toMatchObject({ needed: ['libm.so.6', 'libc.so.6'], runpath: '/some/where', auxiliary: [], filter: [] });
    expect(elf.dynamic?.rpath).toBeUndefined();
    expect(elf.dynamic?.flags1).toBe(DF_1_PIE + DF_1_NODEFLIB);
  });

  test('has the versions that it needs read, and defines none', () => {
    expect(elf.dynamic?.versionNeeds.map(({ file }) => file).sort()).toEqual(['libc.so.6', 'libm.so.6']);
    expect(elf.dynamic?.versionNeeds.flatMap(({ versions }) => versions)).toContainEqual({ name: 'GLIBC_2.34', weak: false });
    expect(elf.dynamic).toMatchObject({ versionDefinitions: [], hasVersionDefinitions: false });
  });

  test('has its imported symbols read', () => {
    expect([...elf.dynamic!.imports].filter(name => !name.startsWith('_'))).toEqual(expect.arrayContaining(['cos']));
    expect(elf.dynamic!.imports.has('main')).toBe(false);
  });

  test('has its build ID read from a note', () => {
    expect(elf.notes).toContainEqual({ owner: 'GNU', type: 3, descriptor: Buffer.from('0123abcd', 'hex') });
  });
});

test('the name, versions and filters of a library are read', () => {
  const map = workshop.write('map', Buffer.from('V1 { global: one; local: *; }; V2 { global: two; } V1;'));
  const path = workshop.compile('library', 'int one(void) { return 1; } int two(void) { return 2; }', [
    '-shared', '-fPIC', '-nostdlib', '-Wl,-soname,libnumbers.so.1', `-Wl,--version-script,${map}`,
    '-Wl,-f,libaux.so', '-Wl,-F,libfilter.so', '-Wl,--disable-new-dtags,-rpath,$ORIGIN',
  ]);
  const elf = readElf(readFileSync(path));
  expect(isProgram(elf)).toBe(false);
  expect(elf.dynamic).toMatchObject({
    soname: 'libnumbers.so.1',
    rpath: '$ORIGIN',
    auxiliary: ['libaux.so'],
    filter: ['libfilter.so'],
    versionDefinitions: ['libnumbers.so.1', 'V1', 'V2'],
    hasVersionDefinitions: true,
  });
  expect(elf.dynamic?.runpath).toBeUndefined();
  expect(elf.interpreter).toBeUndefined();
});

test('an imported symbol is found even if the hash table of the program is empty', () => {
  for (const style of ['gnu', 'sysv', 'both']) {
    const path = workshop.compile('hashed', 'extern int puts(const char *); int main(void) { return puts(""); }', [
      `-Wl,--hash-style=${style}`,
    ]);
    expect([...readElf(readFileSync(path)).dynamic!.imports]).toContain('puts');
  }
});

test('weak version needs are distinguished from others', () => {
  const verneed = Buffer.concat([
    halfWords(0x00020001, at('libone.so'), 16, 0), // vn_version 1, vn_cnt 2
    halfWords(1, 2, at('V1'), 16), // vna_flags 2
    halfWords(2, 0, at('V2'), 0),
  ]);
  verneed.writeUInt16LE(2, 20);
  verneed.writeUInt16LE(0, 36);
  const elf = readElf(dynamic([[0x6ffffffe, 'verneed'], [0x6fffffff, 1]], { verneed }));
  expect(elf.dynamic?.versionNeeds).toEqual([{ file: 'libone.so', versions: [{ name: 'V1', weak: true }, { name: 'V2', weak: false }] }]);
});

test('static programs have no dynamic section, and position-independent static programs are programs', () => {
  const source = 'int main(void) { return 0; }';
  const fixed = readElf(readFileSync(workshop.compile('static', source, ['-static'])));
  expect(fixed).toMatchObject({ type: 'executable', dynamic: undefined, interpreter: undefined });
  expect(isProgram(fixed)).toBe(true);
  const pie = readElf(readFileSync(workshop.compile('static-pie', source, ['-static-pie', '-fPIE'])));
  expect(pie).toMatchObject({ type: 'shared', interpreter: undefined });
  expect(isProgram(pie)).toBe(true);
});

test('a shared object without a dynamic section is a program if it has code (UPX), and not if it has debug information only', () => {
  const file = build({ blocks: { code: Buffer.alloc(64) } });
  const setFlags = (flags: number) => { file.writeUInt32LE(flags, 64 + 4); };
  setFlags(5);
  expect(isProgram(readElf(file))).toBe(true);
  setFlags(6);
  expect(isProgram(readElf(file))).toBe(false);
  setFlags(5);
  file.writeBigUInt64LE(0n, 64 + 32); // p_filesz
  expect(isProgram(readElf(file))).toBe(false);
});

test('an object file has no segments', () => {
  const elf = readElf(readFileSync(workshop.compile('object', 'int number;', ['-c'])));
  expect(elf).toMatchObject({ type: 'relocatable', segments: [], notes: [] });
  expect(isProgram(elf)).toBe(false);
});

test('section headers are not read', () => {
  const file = readFileSync(workshop.compile('sections', 'int main(void) { return 0; }'));
  const expected = readElf(file);
  file.fill(0xff, Number(file.readBigUInt64LE(40))).fill(0xff, 40, 48).fill(0xff, 58, 64);
  expect(readElf(file)).toEqual(expected);
});

test('the result does not change if the bytes change', () => {
  const file = readFileSync(workshop.compile('kept', 'int main(void) { return 0; }', ['-Wl,--build-id=0x0123abcd']));
  const elf = readElf(file);
  const before = JSON.stringify(elf);
  file.fill(0xee);
  expect(JSON.stringify(elf)).toBe(before);
});

test('aarch64 and x86_64 are distinguished', () => {
  expect(readElf(build({ machine: 183 })).machine).toBe('aarch64');
});

test('NULs after the interpreter are not part of it', () => {
  const file = build({ headers: [{ type: 3, block: 'interpreter' }], blocks: { interpreter: Buffer.from('/ld.so\0\0\0\0') } });
  expect(readElf(file).interpreter).toBe('/ld.so');
});

test('the last value of a repeated tag applies', () => {
  expect(readElf(dynamic([[15, at('$ORIGIN')], [15, at('/a:/b')]])).dynamic?.rpath).toBe('/a:/b');
});

test('entries after DT_NULL and unknown tags are ignored', () => {
  const file = build({
    blocks: { strings },
    dynamic: [[5, 'strings'], [10, strings.length], [0x7654321, 2 ** 60], [1, at('libone.so')], [0, 0], [1, at('libtwo.so')]],
  });
  expect(readElf(file).dynamic?.needed).toEqual(['libone.so']);
});

test('a malformed note ends the notes without an error', () => {
  const note = Buffer.concat([halfWords(4, 4, 7), Buffer.from('ABC\0'), halfWords(9)]);
  const broken = halfWords(4, 0x7fffffff, 7);
  const file = build({ headers: [{ type: 4, block: 'notes', align: 4 }], blocks: { notes: Buffer.concat([note, broken]) } });
  expect(readElf(file).notes).toEqual([{ owner: 'ABC', type: 7, descriptor: halfWords(9) }]);
});

test('notes in a segment aligned to 8 bytes are padded to 8', () => {
  const note = Buffer.concat([halfWords(4, 4, 5), Buffer.from('GNU\0'), halfWords(1, 0)]);
  const file = build({ headers: [{ type: 4, block: 'notes', align: 8 }], blocks: { notes: Buffer.concat([note, note]) } });
  expect(readElf(file).notes).toHaveLength(2);
});

describe('an error says what was found, what was expected, and where:', () => {
  test.each<[string, Buffer, string]>([
    ['an empty file', Buffer.alloc(0), 'not an ELF file: found an empty file, expected 7f454c46, at offset 0x0'],
    ['a script', Buffer.from('#!/bin/sh'), 'not an ELF file: found the bytes 23212f62, expected 7f454c46, at offset 0x0'],
    ['another machine', build({ machine: 40 }),
      'found a 64-bit ELF file for ARM, expected a whole 64-bit one for x86_64 or aarch64, at offset 0x0'],
    ['another type', build({ type: 9 }), 'found an ELF file of type 9, expected 1 to 4, at offset 0x10'],
    ['program headers of another size', build().fill(32, 54, 55), 'found program headers of 32 bytes, expected 56, at offset 0x36'],
    ['a segment beyond the end', build().fill(1, 97, 98), 'cut off: a segment reaches to 0x178, but the file ends at 0x78, at offset 0x40'],
    ['a segment larger than its memory', build().fill(0, 104, 112),
      'found a segment of 120 bytes in the file, expected at most its 0 bytes in memory, at offset 0x40'],
    ['a number above 2^53', build().fill(0xff, 80, 88), 'found the number 0x10000000000000000, expected one below 2^53, at offset 0x50'],
    ['an interpreter without a NUL',
      build({ headers: [{ type: 3, block: 'interpreter' }], blocks: { interpreter: Buffer.from('/ld.so') } }),
      'found an interpreter that does not end with a NUL, expected one, at offset 0xb5'],
    ['a string beyond its table', dynamic([[1, 1000]]),
      'found a string at 0x3e8 of a string table of 0x29 bytes, expected one that ends inside the table, at offset 0xb0'],
    ['a string without a NUL', build({ blocks: { strings: Buffer.from('\0lib') }, dynamic: [[1, 1], [5, 'strings'], [10, 4]] }),
      'found a string at 0x1 of a string table of 0x4 bytes, expected one that ends inside the table, at offset 0xb0'],
    ['a table at no address', dynamic([[6, 0x999999]]),
      'found address 0x999999 for dynamic tag 0x6, expected one within a PT_LOAD segment, at offset 0xe0'],
    ['version needs of another revision', dynamic([[0x6ffffffe, 'verneed']], { verneed: Buffer.alloc(16) }),
      'found a version table of revision 0, expected 1, at offset 0xe0'],
  ])('%s', (_, file, message) => {
    expect(failure(file).message).toBe(message);
    expect(message.endsWith(`0x${failure(file).offset.toString(16)}`)).toBe(true);
  });
});

describe('a file that would take too long to read is an error:', () => {
  test('a chain of versions in which each is a step of 1 byte ahead', () => {
    const verneed = Buffer.alloc(100_000, 1);
    expect(failure(dynamic([[0x6ffffffe, 'verneed']], { verneed }))).toBeInstanceOf(FormatError);
  });

  test('version needs that all share one chain of versions', () => {
    // each step is a need (vn_version, vn_file, vn_aux, vn_next) and a version of all that come before (vna_name, vna_next) in one
    const step = halfWords(1, 1, 16, 16);
    const verneed = Buffer.concat([...Array<Buffer>(5000).fill(step), halfWords(1, 1, 0, 0)]);
    expect(failure(dynamic([[0x6ffffffe, 'verneed']], { verneed })).message).toMatch(/whose bytes are read many times/);
  });

  test('symbols whose names are all the end of one long string', () => {
    const names = Buffer.alloc(40_000, 'x');
    names[names.length - 1] = 0;
    const symbols = Buffer.concat(Array.from({ length: 20_000 }, (_, index) => Buffer.concat([halfWords(index, 0), words(0, 0)])));
    const relocations = Buffer.concat(
      Array.from({ length: 20_000 }, (_, index) => Buffer.concat([words(0), halfWords(6, index), words(0)])),
    );
    const file = build({
      blocks: { names, symbols, relocations },
      dynamic: [[5, 'names'], [10, names.length], [6, 'symbols'], [7, 'relocations'], [8, relocations.length]],
    });
    expect(failure(file).message).toMatch(/whose bytes are read many times/);
  });
});

test('at most 64 sections of debugging information are looked at: a hostile file may have 65,535', () => {
  const sections = Array.from({ length: 100 }, (_, index) => `__asm__(".section .debug_${index},\\"\\",@progbits\\n.byte 1\\n.previous");`);
  const bytes = readFileSync(workshop.compile('debug', sections.join('\n'), ['-c']));
  expect(run('readelf', '-SW', workshop.path('debug')).match(/\.debug_/g)).toHaveLength(100);
  expect(debugSections(bytes)).toHaveLength(64);
  expect(debugSections(readFileSync(workshop.compile('plain', 'int number;', ['-c'])))).toEqual([]);
});
