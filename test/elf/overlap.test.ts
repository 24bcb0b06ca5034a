/**
 * Files with parts that share bytes are rejected: an edit of one part would change another.
 */
import { readFileSync } from 'node:fs';
import { build } from './bytes';
import { Workshop } from './compile';
import { editElf, FormatError, PT_INTERP, PT_NOTE, readElf } from '../../lib/elf';

const workshop = new Workshop();
afterAll(() => workshop.remove());

const original = readFileSync(workshop.compile('program', 'int main(void) { return 0; }'));
const EDIT = { interpreter: '/opt/elf/01234567/ld.so', rpath: '/opt/elf/01234567/usr/lib' };
const TABLE = 64;

/** The file with a different extent in the first program header of a type. */
function withExtent(type: number, offset: number, size: number): Buffer {
  const file = Buffer.from(original);
  const index = readElf(original).segments.findIndex((segment) => segment.type === type);
  for (const field of [8, 16, 24]) file.writeBigUInt64LE(BigInt(offset), TABLE + index * 56 + field);
  for (const field of [32, 40]) file.writeBigUInt64LE(BigInt(size), TABLE + index * 56 + field);
  return file;
}

const { segments } = readElf(original);
const interpreter = segments.find(({ type }) => type === PT_INTERP)!;
const note = segments.find(({ type }) => type === PT_NOTE)!;

test('a note in the bytes of the interpreter is an error', () => {
  expect(() => editElf(withExtent(PT_NOTE, interpreter.offset + 4, 16), EDIT)).toThrow(
    /^found PT_NOTE at 0x[0-9a-f]+ in the 28 bytes that would be edited, expected each in a place of its own, at offset 0x[0-9a-f]+$/,
  );
});

test('an interpreter that overlaps the program headers is an error', () => {
  const file = withExtent(PT_INTERP, TABLE + 8, 600);
  file[TABLE + 8 + 599] = 0;
  expect(() => editElf(file, EDIT)).toThrow('found the program header table at 0x40 in the 600 bytes that would be edited');
});

test('an interpreter that overlaps notes and tables is an error', () => {
  const file = withExtent(PT_INTERP, interpreter.offset, note.offset + note.filesz + 200 - interpreter.offset);
  file[note.offset + note.filesz + 199] = 0;
  expect(() => editElf(file, EDIT)).toThrow(FormatError);
});

test('a string table that overlaps the dynamic section is an error', () => {
  const strings = Buffer.from('\0');
  const file = build({ blocks: { strings }, dynamic: [[5, 'strings'], [10, 40]] });
  expect(() => editElf(file, { rpath: '/a' })).toThrow(/expected each in a place of its own/);
});

test('parts that are not edited may overlap', () => {
  const file = withExtent(PT_NOTE, interpreter.offset + 4, 16);
  expect(editElf(file, {})).toBe(file);
  expect(readElf(editElf(file, { rpath: '/opt/elf/01234567/usr/lib' })).dynamic?.rpath).toBe('/opt/elf/01234567/usr/lib');
});
