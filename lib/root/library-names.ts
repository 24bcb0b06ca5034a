/**
 * Names of shared libraries in the bytes of a file, such as `libsoftokn3.so` in an object that opens it with dlopen(3).
 */
import * as path from 'path';
import type { Elf } from '../elf';
import { stringsWith } from '../elf';

const SUFFIX = '.so';
/** Maximum length of a string in an object, in characters. Longer strings are not searched for names. */
const MOST_CHARACTERS = 200;
/** Maximum size of a text that is searched for names, in bytes. Larger texts are not configuration or modules. */
const MOST_TEXT = 1024 * 1024;
/** Characters of a word in a text; a directory or a variable before the name is part of the word. */
const IN_WORD = Uint8Array.from({ length: 256 }, (_, code) => (/[\w.+/$-]/.test(String.fromCharCode(code)) ? 1 : 0));
const DOT = 0x2e;
/** Calls that open a library by its name, and endings of names that code completes: see libraries-of-code.ts. */
const OPENERS = ['find_library(', 'dlopen(', 'ffi_lib(', '.{', '.#{', '.${'];
const LIBRARY = /^lib[\w.+-]+\.so(?:\.\d+)*$/;

/** Names in the strings of an object. */
export function librariesInObject(bytes: Buffer, elf: Elf): string[] {
  return libraryNames(stringsWith(SUFFIX, bytes, elf, MOST_CHARACTERS));
}

/** Names in the words of a text. */
export function librariesInText(bytes: Buffer): string[] {
  if (bytes.length > MOST_TEXT) return [];
  const words = new Set<string>();
  for (let at = bytes.indexOf(SUFFIX); at >= 0; at = bytes.indexOf(SUFFIX, at)) {
    let start = at;
    at += SUFFIX.length;
    if (IN_WORD[bytes[at]] && bytes[at] !== DOT) continue; // `.sort`
    while (start > 0 && IN_WORD[bytes[start - 1]]) start--;
    while (IN_WORD[bytes[at]]) at++;
    words.add(bytes.toString('latin1', start, at));
  }
  return libraryNames(words);
}

/** Whether code may open libraries by names other than those that `librariesInText` finds. Larger texts are not written by people. */
export function completesNames(bytes: Buffer): boolean {
  return bytes.length <= MOST_TEXT && OPENERS.some((opener) => bytes.includes(opener));
}

function libraryNames(words: Iterable<string>): string[] {
  const names = new Set<string>();
  for (const word of words) {
    if (!word.includes(SUFFIX)) continue;
    const name = path.posix.basename(word);
    if (LIBRARY.test(name)) names.add(name);
  }
  return [...names];
}
