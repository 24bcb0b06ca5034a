/**
 * Escapes text from files, archives, packages and child processes, so that it can be printed.
 *
 * A name in a message may contain any byte. Printed unchanged, it could move the cursor, recolour or hide the following text, or forge a
 * line.
 */

/**
 * Control characters other than the tab (C0, DEL, C1), the line and paragraph separators, and the marks that change the direction of
 * the text after them (Unicode UAX #9; CVE-2021-42574).
 */
const UNPRINTABLE = /[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text on one line, with every character that could control a terminal escaped: `\x1b`, `\u202e`. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0).toString(16);
    return code.length > 2 ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
  });
}

/** Like `printable`, but keeps line breaks. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON that escapes the same characters as `printable`. It parses to the same value. */
export function printableJson(value: unknown, indent = 2): string {
  return JSON.stringify(value, undefined, indent).replace(/[^\n]+/g, (line) =>
    line.replace(UNPRINTABLE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`));
}

/** Maximum length of a name in a message, in characters. */
const MOST_NAME = 300;

/** Like `printable`, for a name of any length. Only the beginning and the end of a long name are kept. */
export function printableName(name: string): string {
  return printable(name.length <= MOST_NAME ? name : `${name.slice(0, MOST_NAME / 2)}…${name.slice(-MOST_NAME / 2)}`);
}
