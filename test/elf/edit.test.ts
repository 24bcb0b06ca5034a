import { readFileSync } from 'node:fs';
import { build } from './bytes';
import { run, Workshop } from './compile';
import { editElf, type ElfEdit, FormatError, type NewNeed, PT_LOAD, PT_NOTE, readElf, replaceText } from '../../lib/elf';

const workshop = new Workshop();
afterAll(() => workshop.remove());

const LOADER = '/lib64/ld-linux-x86-64.so.2';
const LIBRARY = 'int counter = 40; int next(void) { return ++counter; }';
const PROGRAM = `
  #include <stdio.h>
  int next(void);
  static char zeros[3000000];
  int main(void) {
    int sum = 0;
    for (unsigned i = 0; i < sizeof zeros; i++) sum += zeros[i];
    return printf("%d %d", next(), sum) < 0;
  }
`;

/** The directory of a library that the program needs. No loader searches it by default. */
const libraries = workshop.directory;
workshop.compile('libnext.so', LIBRARY, ['-shared', '-fPIC', '-Wl,-soname,libnext.so']);

/** A program that runs only with that directory as its rpath. */
function program(name: string, options: readonly string[] = [], compiler = 'gcc'): Buffer {
  return readFileSync(workshop.compile(name, PROGRAM, [...options, `-L${libraries}`, '-lnext'], compiler));
}

/** The errors that readelf and eu-elflint report about a file, without offsets and the order of headers. */
function complaints(path: string): Set<string> {
  const text = run('sh', '-c', 'readelf -aW "$1" 2>&1 >/dev/null; eu-elflint --gnu-ld "$1" 2>&1; true', '', path);
  const lines = text.split('\n').map(line => line.replaceAll(path, '').replace(/(segment|entry|phdr) ?\[?\d+\]?/g, '$1'));
  return new Set(lines.filter(line => line !== '' && line !== 'No errors'));
}

/** Complaints about files before edits. Several edits of a file are compared with it. */
const knownComplaints = new WeakMap<Buffer, Set<string>>();

function newComplaints(before: Buffer, after: Buffer): string[] {
  const known = knownComplaints.get(before) ?? complaints(workshop.write('before', before));
  knownComplaints.set(before, known);
  return [...complaints(workshop.write('after', after))].filter(line => !known.has(line));
}

const loads = (bytes: Buffer) => readElf(bytes).segments.filter(({ type }) => type === PT_LOAD);

describe.each([
  ['GNU ld, position-independent', ['-fPIE', '-pie'], 'gcc'],
  ['GNU ld, at a fixed address', ['-fno-pie', '-no-pie'], 'gcc'],
  ['GNU ld, without a build id', ['-Wl,--build-id=none'], 'gcc'],
  ['GNU ld, with pages of 64 KiB', ['-Wl,-z,max-page-size=65536'], 'gcc'],
  ['GNU ld, stripped', ['-s'], 'gcc'],
  ['gold', ['-fuse-ld=gold'], 'gcc'],
  ['lld, position-independent', ['-fuse-ld=lld', '-fPIE', '-pie'], 'gcc'],
  ['lld, at a fixed address', ['-fuse-ld=lld', '-fno-pie', '-no-pie'], 'gcc'],
  ['musl, whose programs have no notes, position-independent', ['-fPIE', '-pie'], 'musl-gcc'],
  ['musl, whose programs have no notes, at a fixed address', ['-fno-pie', '-no-pie'], 'musl-gcc'],
])('a program of %s', (title, options, compiler) => {
  const name = title.replace(/\W+/g, '-');
  const original = program(name, options, compiler);
  const { interpreter } = readElf(original);
  // longer than before, so it moves to the new segment
  run('ln', '-s', interpreter!, workshop.path(`${name}-loader-with-a-long-name`));
  const edit: ElfEdit = { interpreter: workshop.path(`${name}-loader-with-a-long-name`), rpath: libraries };
  const edited = editElf(original, edit);

  test('runs with its new interpreter and rpath', () => {
    expect(run(workshop.write(name, edited))).toBe('41 0');
  });

  test.each(['strip', 'eu-strip'])('runs after %s, too', strip => {
    const path = workshop.write(name, edited);
    run(strip, path);
    expect(run(path)).toBe('41 0');
  });

  test('gets no new complaint from readelf and eu-elflint', () => {
    expect(newComplaints(original, edited)).toEqual([]);
  });

  test('is unchanged otherwise', () => {
    const before = readElf(original);
    const after = readElf(edited);
    expect(after.interpreter).toBe(edit.interpreter);
    const sizes = { spareEntries: expect.any(Number), stringBytes: expect.any(Number) };
    expect(after.dynamic).toEqual({ ...before.dynamic, rpath: libraries, runpath: undefined, ...sizes });
  });

  test('runs with the paths of its libraries in place of their names', () => {
    const before = readElf(original).dynamic!;
    const libc = run('gcc', '-print-file-name=libc.so.6').trim();
    const replacements = new Map([['libnext.so', `${libraries}/libnext.so`], ['libc.so.6', libc]]);
    const replaced = (library: string) => replacements.get(library) ?? library;
    const bytes = editElf(original, { needed: before.needed.map((library): NewNeed => [replaced(library), library]) });
    expect(run(workshop.write(name, bytes))).toBe('41 0');
    expect(newComplaints(original, bytes)).toEqual([]);
    const after = readElf(bytes).dynamic!;
    expect(after.needed).toEqual(before.needed.map(replaced));
    expect(after.versionNeeds).toEqual(before.versionNeeds.map((need) => ({ ...need, file: replaced(need.file) })));
  });

  const isFixed = readElf(original).type === 'executable';

  const placed = isFixed
    ? 'has a lowest segment that is larger at its beginning'
    : 'has one more segment, above all others, aligned as they are';
  test(placed, () => {
    const before = loads(original);
    const after = loads(edited);
    if (isFixed) {
      const grown = edited.length - original.length;
      const [lowest, ...others] = before;
      const larger = { ...lowest, vaddr: lowest.vaddr - grown, filesz: lowest.filesz + grown, memsz: lowest.memsz + grown };
      expect(after).toEqual([larger, ...others.map((other) => ({ ...other, offset: other.offset + grown }))]);
      return;
    }
    expect(after.slice(0, -1)).toEqual(before);
    const added = after.at(-1)!;
    expect(added.vaddr).toBeGreaterThanOrEqual(Math.max(...before.map(({ vaddr, memsz }) => vaddr + memsz)));
    expect(added.align).toBe(Math.max(...before.map(({ align }) => align)));
    expect((added.vaddr - added.offset) % added.align).toBe(0);
  });

  test('grows by little, whatever its size in memory', () => {
    expect(edited.length - original.length).toBeLessThan(isFixed ? 4097 : 2500);
  });

  test('is not changed if the same edit is applied again', () => {
    expect(editElf(edited, edit)).toBe(edited);
  });

  test('has the same bytes each time, and the input is not changed', () => {
    const copy = Buffer.from(original);
    expect(editElf(original, edit).equals(edited)).toBe(true);
    expect(original.equals(copy)).toBe(true);
  });

  test('runs after a second, different edit', () => {
    const again = editElf(edited, { rpath: `/nowhere/at/all:${libraries}` });
    expect(run(workshop.write(name, again))).toBe('41 0');
    expect(newComplaints(edited, again)).toEqual([]);
  });
});

describe('an edit that fits is made in place:', () => {
  const original = program('plain', ['-Wl,--enable-new-dtags,-rpath,/first/place']);

  test('an interpreter that is shorter, with NULs behind it', () => {
    const edited = editElf(original, { interpreter: '/opt/ld.so' });
    expect(edited.length).toBe(original.length);
    expect(readElf(edited).interpreter).toBe('/opt/ld.so');
    const at = original.indexOf(LOADER);
    expect(edited.subarray(at, at + LOADER.length + 1).toString()).toBe('/opt/ld.so'.padEnd(LOADER.length + 1, '\0'));
    expect(newComplaints(original, edited)).toEqual([]);
  });

  test('a DT_RUNPATH that becomes a DT_RPATH of the same directories', () => {
    const edited = editElf(original, { rpath: '/first/place' });
    const changed = [...edited.keys()].filter(index => edited[index] !== original[index]);
    expect(changed).toHaveLength(1);
    expect([original[changed[0]], edited[changed[0]]]).toEqual([0x1d, 0x0f]);
  });

  test('an rpath that is the end of another string of the file', () => {
    const edited = editElf(original, { rpath: '/place' });
    expect(edited.length).toBe(original.length);
    expect(readElf(edited).dynamic).toMatchObject({ rpath: '/place', runpath: undefined });
  });

  test('a dynamic section without an rpath', () => {
    const edited = editElf(original, { rpath: '' });
    expect(edited.length).toBe(original.length);
    const sizes = { spareEntries: expect.any(Number), stringBytes: expect.any(Number) };
    expect(readElf(edited).dynamic).toEqual({ ...readElf(original).dynamic, runpath: undefined, ...sizes });
    expect(newComplaints(original, edited)).toEqual([]);
    expect(editElf(edited, { rpath: '' })).toBe(edited);
  });

  test('an edit without changes', () => {
    expect(editElf(original, {})).toBe(original);
    expect(editElf(original, { interpreter: LOADER })).toBe(original);
  });
});

test('a program with data at its end runs with paths of libraries in the padding behind a segment', () => {
  const original = Buffer.concat([program('payload'), Buffer.from('data')]);
  const libc = run('gcc', '-print-file-name=libc.so.6').trim();
  const needed: NewNeed[] = [[`${libraries}/libnext.so`, 'libnext.so'], [libc, 'libc.so.6']];
  const edited = editElf(original, { rpath: libraries, needed });
  expect(edited.length).toBe(original.length);
  const versionNeeds = [{ file: libc }];
  expect(readElf(edited).dynamic).toMatchObject({ rpath: libraries, needed: needed.map(([name]) => name), versionNeeds });
  expect(run(workshop.write('payload', edited))).toBe('41 0');
});

test('an edit of DT_NEEDED that keeps an old name is an error', () => {
  expect(() => editElf(program('plain'), { needed: [['/opt/lib/libnext.so', 'libnext.so']] })).toThrow(
    'found DT_NEEDED libc.so.6, expected each to be replaced',
  );
});

test('a file with both DT_RPATH and DT_RUNPATH ends up with the new DT_RPATH alone', () => {
  const strings = Buffer.from('\0/old:/new\0/new\0');
  const file = build({ blocks: { strings }, dynamic: [[15, 1], [29, 6], [5, 'strings'], [10, strings.length], [0x18, 0]] });
  const { dynamic } = readElf(editElf(file, { rpath: '/new' }));
  expect(dynamic).toMatchObject({ rpath: '/new' });
  expect(dynamic?.runpath).toBeUndefined();
});

describe('a file for 64-bit ARM has its new segment aligned for pages of 64 KiB', () => {
  const PAGE = 0x10000;
  const strings = Buffer.from('\0libc.musl-aarch64.so.1\0');
  const interpreter = Buffer.from('/lib/ld-musl-aarch64.so.1\0');
  const aarch64 = { machine: 183, align: PAGE, dynamic: [[1, 1], [5, 'strings'], [10, strings.length]] } as const;
  const interp = { type: 3, block: 'interpreter' };

  test.each([
    [
      'in place of a note',
      build({ ...aarch64, headers: [interp, { type: 4, block: 'note' }], blocks: { interpreter, strings, note: Buffer.alloc(16) } }),
    ],
    ['by a longer table', build({ ...aarch64, headers: [interp], blocks: { interpreter, strings, rest: Buffer.alloc(100, 1) } })],
    ['by a table that moves', build({ ...aarch64, headers: [interp], blocks: { rest: Buffer.alloc(100, 1), interpreter, strings } })],
  ])('%s', (_, original) => {
    const rpath = '/opt/elf/01234567/lib:/opt/elf/01234567/usr/lib';
    const edited = editElf(original, { interpreter: '/opt/elf/01234567/musl', rpath });
    const { interpreter: after, dynamic, machine } = readElf(edited);
    expect({ machine, after, dynamic }).toMatchObject({
      machine: 'aarch64',
      after: '/opt/elf/01234567/musl',
      dynamic: { needed: ['libc.musl-aarch64.so.1'], rpath },
    });
    const added = loads(edited).at(-1)!;
    expect(loads(edited)).toHaveLength(2);
    expect(added.align).toBe(PAGE);
    expect((added.vaddr - added.offset) % PAGE).toBe(0);
    // the two segments share no page
    expect(Math.floor(added.vaddr / PAGE)).toBeGreaterThan(Math.floor((original.length - 1) / PAGE));
  });
});

test('a library that had no room for its rpath is found and works, even after strip', () => {
  for (const options of [['-fuse-ld=bfd'], ['-fuse-ld=bfd', '-Wl,--build-id=none'], ['-fuse-ld=lld', '-Wl,--build-id=none']]) {
    const original = readFileSync(workshop.compile('library', LIBRARY, ['-shared', '-fPIC', '-Wl,-soname,libnext.so', ...options]));
    const edited = editElf(original, { rpath: '/some/where/else' });
    expect(newComplaints(original, edited)).toEqual([]);
    program('user');
    for (const strip of ['true', 'strip', 'eu-strip']) {
      run('mkdir', '-p', workshop.path('edited'));
      run(strip, workshop.write('edited/libnext.so', edited));
      expect(run('env', `LD_LIBRARY_PATH=${workshop.path('edited')}`, workshop.path('user'))).toBe('41 0');
    }
  }
});

test('notes are overwritten only if the loader finds them through another header', () => {
  const original = program('notes', ['-Wl,--build-id=0x0123abcd', '-fcf-protection']);
  const types = (bytes: Buffer) => readElf(bytes).segments.filter(({ type }) => type === PT_NOTE).length;
  const edited = editElf(original, { rpath: libraries });
  expect(types(edited)).toBe(types(original) - 1);
  expect(readElf(edited).notes).toContainEqual({ owner: 'GNU', type: 3, descriptor: Buffer.from('0123abcd', 'hex') });
});

describe('without a note, and with data after the program headers, the table moves to the new segment', () => {
  const noteless = (name: string, options: readonly string[] = []) => {
    const original = program(name, options);
    // an unknown type of note
    const table = Number(original.readBigUInt64LE(32));
    readElf(original).segments.forEach(({ type }, index) => type === PT_NOTE && original.writeUInt32LE(0x65041580, table + index * 56));
    return original;
  };

  test('above all other segments', () => {
    const edited = editElf(noteless('headers'), { rpath: libraries });
    expect(run(workshop.write('headers', edited))).toBe('41 0');
    const first = loads(edited)[0];
    const added = loads(edited).at(-1)!;
    expect(edited.readBigUInt64LE(32)).toBe(BigInt(added.offset));
    // kernels before 5.18 assume this distance
    expect(added.vaddr - added.offset).toBe(first.vaddr - first.offset);
  });

  test('unless its first segment would not stay at its distance, which is an error', () => {
    const original = noteless('shifted-headers', ['-Wl,-Ttext-segment=0x1000']);
    const table = Number(original.readBigUInt64LE(32));
    readElf(original).segments.forEach(({ type }, index) => {
      if (type === PT_LOAD) original.writeBigUInt64LE(0x10000n, table + index * 56 + 48);
    });
    expect(() => editElf(original, { rpath: libraries })).toThrow(
      'found no program header to replace, and the first segment 0x1000 above its offset, expected a multiple of 0x10000');
  });

  test('unless the program has a fixed address', () => {
    const original = noteless('fixed-headers', ['-fno-pie', '-no-pie']);
    const edited = editElf(original, { rpath: libraries });
    expect(run(workshop.write('fixed-headers', edited))).toBe('41 0');
    expect(loads(edited)).toHaveLength(loads(original).length);
    expect(edited.readBigUInt64LE(32)).toBe(64n);
  });
});

test.each([
  ['GNU ld', '-fuse-ld=bfd'],
  ['gold', '-fuse-ld=gold'],
  ['lld', '-fuse-ld=lld'],
  ['GNU ld, text beside the headers', '-Wl,-z,noseparate-code'],
  ['GNU ld, aligned to 2 MiB', '-Wl,-z,max-page-size=0x200000,-z,common-page-size=0x200000'],
])('the heap and program headers of a program at a fixed address are where the kernel expects them: %s', (_, linker) => {
  const source = `
    #include <elf.h>
    #include <stdio.h>
    #include <sys/auxv.h>
    #include <unistd.h>
    int next(void);
    int main(void) {
      const Elf64_Phdr *phdr = (const Elf64_Phdr *) getauxval(AT_PHDR);
      return printf("%d %p %d\\n", next(), sbrk(0), phdr->p_type == PT_PHDR && phdr->p_vaddr == (Elf64_Addr) phdr) < 0;
    }`;
  const original = readFileSync(workshop.compile('heap', source, ['-fno-pie', '-no-pie', linker, `-L${libraries}`, '-lnext']));
  const heap = (bytes: Buffer) => run('env', `LD_LIBRARY_PATH=${libraries}`, 'setarch', '-R', workshop.write('heap', bytes));
  const edited = editElf(original, { rpath: `${libraries}:/some/where/else` });
  expect(heap(original)).toMatch(/^41 0x[0-9a-f]+ 1\n$/);
  expect(heap(edited)).toBe(heap(original));
  // Linux before 5.18 derives AT_PHDR from the first segment
  expect(loads(edited)[0].offset).toBe(0);
  expect(newComplaints(original, edited)).toEqual([]);
});

test('a file without section headers, or with damaged ones, is edited as well', () => {
  const original = program('sections');
  for (const garbage of [0, 0xff]) {
    const file = Buffer.from(original).fill(garbage, Number(original.readBigUInt64LE(40))).fill(garbage, 40, 48).fill(garbage, 58, 64);
    expect(run(workshop.write('sections', editElf(file, { rpath: libraries })))).toBe('41 0');
  }
});

describe('an edit that is not possible is an error:', () => {
  test.each<[string, Buffer, ElfEdit, string]>([
    [
      'an interpreter where there is none',
      build(),
      { interpreter: '/ld.so' },
      'found no interpreter, expected one to be replaced, at offset 0x0',
    ],
    [
      'an rpath without a dynamic section',
      build(),
      { rpath: '/a' },
      'found no dynamic section with strings, expected one to hold the rpath, at offset 0x0',
    ],
    [
      'an object file',
      build({ type: 1 }),
      {},
      "found a file of type 'relocatable', expected an executable or a shared object, at offset 0x10",
    ],
  ])('%s', (_, file, edit, message) => {
    expect(() => editElf(file, edit)).toThrow(new FormatError(message.replace(/, at offset.*/, ''), Number(message.replace(/.* /, ''))));
  });

  test('a file whose memory extends to the end of the address space', () => {
    const strings = Buffer.from('\0');
    const file = build({ blocks: { strings }, dynamic: [[5, 'strings'], [10, 1]] });
    file.writeBigUInt64LE(2n ** 47n, 64 + 40);
    expect(() => editElf(file, { rpath: '/a' })).toThrow(/expected room below 0x800000000000, at offset 0x40$/);
  });

  test('a file with the maximum number of program headers', () => {
    const strings = Buffer.from('\0');
    const headers = Array.from({ length: 65533 }, () => ({ type: 0x65041580, block: 'strings' }));
    const file = build({ headers, blocks: { strings }, dynamic: [[5, 'strings'], [10, 1]] });
    expect(() => editElf(file, { rpath: '/a' })).toThrow('found 65535 program headers, expected fewer than 65534, at offset 0x40');
  });

  test('a static program, if the edit needs something that it lacks', () => {
    const file = readFileSync(workshop.compile('static', 'int main(void) { return 0; }', ['-static']));
    expect(() => editElf(file, { interpreter: '/ld.so' })).toThrow(FormatError);
    expect(editElf(file, { rpath: '' })).toBe(file);
  });
});

describe('a text replacement', () => {
  test('is made in place', () => {
    const bytes = Buffer.from('see /usr/share/rig and /usr/share/rig');
    replaceText(bytes, [{ offset: 4, text: '/opt/123456789' }, { offset: 23, text: '/opt/123456789' }]);
    expect(bytes.toString()).toBe('see /opt/123456789 and /opt/123456789');
  });

  test('beyond the end of the file is an error, and nothing is written', () => {
    const bytes = Buffer.from('0123456789');
    const replacements = [{ offset: 0, text: 'ab' }, { offset: 9, text: 'ü' }];
    expect(() => replaceText(bytes, replacements)).toThrow('found a replacement of 2 bytes, expected one that ends by 0xa, at offset 0x9');
    expect(() => replaceText(bytes, [{ offset: -1, text: 'a' }])).toThrow(FormatError);
    expect(bytes.toString()).toBe('0123456789');
  });
});
