import { build } from './bytes';
import { describe as describeFile, type Identification, identify } from '../../lib/elf';

function changed(offset: number, ...values: readonly number[]): Buffer {
  const file = build();
  file.set(values, offset);
  return file;
}

const phrase = (bytes: Buffer) => describeFile(identify(bytes) as Identification);

test('a file that does not begin with the four magic bytes is not an ELF file', () => {
  for (const text of ['', '\x7f', '\x7fEL', '#!/bin/sh\n', 'INPUT(-lc)']) {
    expect(identify(Buffer.from(text, 'latin1'))).toEqual({ elf: false });
  }
});

test('class, byte order, OS ABI, type and machine are identified', () => {
  expect(identify(changed(7, 3))).toEqual({ elf: true, class: 64, byteOrder: 'little', osAbi: 3, type: 3, machine: 62, cut: false });
});

test('the machine of a big-endian file is read in its byte order', () => {
  const file = identify(changed(16, 0, 2, 0, 22).fill(2, 5, 6));
  expect(file).toMatchObject({ byteOrder: 'big', type: 2, machine: 22 });
});

test('a file that ends within its header is truncated', () => {
  expect(identify(build().subarray(0, 63))).toMatchObject({ elf: true, cut: true, machine: 62 });
  expect(identify(build().subarray(0, 4))).toMatchObject({ elf: true, cut: true, machine: 0 });
});

test('each kind of file has a description for error messages', () => {
  expect(phrase(build())).toBe('a 64-bit ELF file for x86_64');
  expect(phrase(changed(4, 1).fill(40, 18, 19))).toBe('a 32-bit ELF file for ARM');
  expect(phrase(changed(5, 2).fill(0, 18, 19).fill(22, 19, 20))).toBe('a 64-bit big-endian ELF file for S/390');
  expect(phrase(changed(18, 99).fill(7, 5, 6))).toBe('a 64-bit unknown-endian ELF file for machine 99');
  expect(phrase(build().subarray(0, 20))).toBe('a 64-bit ELF file for x86_64, cut off within its header');
});
