/**
 * Programs that contain their own data: after their image, like self-extracting archives, Bun, OCaml, SBCL, PyInstaller and AppImage,
 * or in a note, like single executables of Node.js and Deno.
 */
import { readFileSync } from 'node:fs';
import { run, Workshop } from './compile';
import { editElf, PT_NOTE, readElf } from '../../lib/elf';

const workshop = new Workshop();
afterAll(() => workshop.remove());

/** C source of a program that reads its own file and prints the result of `find`. */
const reading = (find: string) => `
  #include <elf.h>
  #include <stdio.h>
  #include <stdlib.h>
  #include <string.h>
  #include <sys/mman.h>
  int main(void) {
    FILE *file = fopen("/proc/self/exe", "rb");
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    char *bytes = malloc(size);
    rewind(file);
    if (fread(bytes, 1, size, file) != size) return 2;
    ${find}
  }`;

const FROM_END = 'unsigned char length = bytes[size - 1]; return printf("%.*s\\n", length, bytes + size - 1 - length) < 0;';
const BY_OFFSET = 'unsigned long offset; memcpy(&offset, bytes + size - 8, 8); return puts(bytes + offset) < 0;';
const BEHIND_SECTIONS =
  'Elf64_Ehdr *header = (Elf64_Ehdr *) bytes; return puts(bytes + header->e_shoff + header->e_shnum * header->e_shentsize) < 0;';
const MAPPED = `unsigned long distance; memcpy(&distance, bytes + size - 8, 8);
  char *data = mmap(0, 4096, PROT_READ, MAP_PRIVATE, fileno(file), size - distance);
  return puts(data == MAP_FAILED ? "not aligned" : data) < 0;`;

const ROOM = { rpath: '/opt/elf/01234567/usr/lib' };
const NO_ROOM = { rpath: Array.from({ length: 200 }, (_, index) => `/opt/elf/01234567/usr/lib/directory-${index}`).join(':') };

function number(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

/** The program with its data. */
function program(
  find: string,
  overlay: (image: Buffer) => Buffer,
  options: readonly string[] = [],
): { original: Buffer; image: Buffer; data: Buffer } {
  const image = readFileSync(workshop.compile('payload', reading(find), options));
  const data = overlay(image);
  return { original: Buffer.concat([image, data]), image, data };
}

const LAYOUTS: [string, string[]][] = [
  ['position-independent', []],
  ['at a fixed address', ['-no-pie', '-fno-pie']],
  ['without section headers in the way', ['-s']],
  ['linked by lld', ['-fuse-ld=lld']],
];

describe.each(LAYOUTS)('a program that locates its data from the end of its file (%s)', (_, options) => {
  const { original, data } = program(FROM_END, () => Buffer.from('the data\x08'), options);

  test.each([['little', ROOM], ['much', NO_ROOM]])('finds the data after an edit that needs %s room', (__, edit) => {
    const edited = editElf(original, edit);
    expect(readElf(edited).dynamic?.rpath).toBe(edit.rpath);
    expect(edited.subarray(edited.length - data.length).equals(data)).toBe(true);
    expect(run(workshop.write('payload', edited))).toBe('the data\n');
  });
});

test('appended data does not move if the new string fits after a segment', () => {
  const { original, data, image } = program(FROM_END, () => Buffer.from('the data\x08'));
  const edited = editElf(original, ROOM);
  expect([edited.length, edited.indexOf(data)]).toEqual([original.length, image.length]);
});

test('a program whose data contains its own offset finds it after an edit in place, and other edits are errors', () => {
  const { original, image } = program(BY_OFFSET, (bytes) => Buffer.concat([Buffer.from('the data\0'), number(bytes.length)]));
  expect(run(workshop.write('payload', editElf(original, ROOM)))).toBe('the data\n');
  expect(() => editElf(original, NO_ROOM)).toThrow(
    `found appended data that states its own offset, 0x${image.length.toString(16)}, and no room for an edit`);
});

test('a program that locates its data after its section headers, like an AppImage, finds it after an edit', () => {
  const { original } = program(BEHIND_SECTIONS, () => Buffer.from('the data\0'));
  for (const edit of [ROOM, NO_ROOM]) expect(run(workshop.write('payload', editElf(original, edit)))).toBe('the data\n');
});

test('mapped data stays aligned to pages', () => {
  const { original } = program(MAPPED, (bytes) => {
    const padding = Buffer.alloc(4096 - bytes.length % 4096, 1);
    const data = Buffer.alloc(4096, 'the data\0');
    return Buffer.concat([padding, data, number(4096 + 8)]);
  });
  for (const edit of [ROOM, NO_ROOM]) expect(run(workshop.write('payload', editElf(original, edit)))).toBe('the data\n');
});

test('zeros after the image are padding, not data', () => {
  const image = readFileSync(workshop.compile('payload', reading('return puts("ran") < 0;')));
  expect(run(workshop.write('payload', editElf(Buffer.concat([image, Buffer.alloc(100)]), NO_ROOM)))).toBe('ran\n');
});

describe('a program with data in a note', () => {
  const source = `
    #define _GNU_SOURCE
    #include <link.h>
    #include <stdio.h>
    #include <string.h>
    __attribute__((section(".note.payload"), used, aligned(4)))
    static const struct { unsigned owner, size, type; char name[8], data[12]; } note = { 8, 12, 1, "PAYLOAD", "the data" };
    static int look(struct dl_phdr_info *info, size_t size, void *found) {
      for (int index = 0; index < info->dlpi_phnum; index++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[index];
        const char *at = (const char *) (info->dlpi_addr + header->p_vaddr);
        for (size_t offset = 0; header->p_type == PT_NOTE && offset + 20 <= header->p_memsz; offset += 4) {
          if (!memcmp(at + offset, "PAYLOAD", 8)) { puts(at + offset + 8); return 1; }
        }
      }
      return 0;
    }
    int main(void) { return dl_iterate_phdr(look, 0) ? 0 : puts("nothing"); }`;
  const notes = (bytes: Buffer) => readElf(bytes).segments.filter(({ type }) => type === PT_NOTE).length;

  test.each([
    ['its only one', ['-fcf-protection=none', '-fuse-ld=lld', '-Wl,--build-id=none']],
    ['one beside those of the compiler', ['-fcf-protection']],
    ['one at a fixed address', ['-no-pie', '-fno-pie']],
  ])('finds it after an edit: %s', (_, options) => {
    const original = readFileSync(workshop.compile('note', source, options));
    const edited = editElf(original, NO_ROOM);
    expect(run(workshop.write('note', original))).toBe('the data\n');
    expect(run(workshop.write('note', edited))).toBe('the data\n');
    expect(notes(edited)).toBeGreaterThan(0);
  });
});
