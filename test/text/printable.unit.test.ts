import { printable, printableName } from '../../lib/text/printable';

describe('printable', () => {
  test.each([
    ['a line feed', 'a\nb', 'a\\x0ab'],
    ['ESC', 'a\x1b[2J', 'a\\x1b[2J'],
    ['CSI as one character (C1)', 'a\x9b31m', 'a\\x9b31m'],
    ['another C1 control', 'a\x80', 'a\\x80'],
    ['line and paragraph separators', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['bidirectional overrides and isolates', '\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'],
    ['bidirectional marks', '\u200ea\u200fb\u061c', '\\u200ea\\u200fb\\u061c'],
  ])('escapes %s', (_, text, escaped) => {
    expect(printable(text)).toBe(escaped);
  });

  test('keeps tabs and the letters of every script', () => {
    expect(printable('a\tö العربية')).toBe('a\tö العربية');
  });
});

test('printableName keeps the beginning and the end of a long name', () => {
  expect(printableName('a'.repeat(300))).toBe('a'.repeat(300));
  expect(printableName(`${'\n'.repeat(150)}middle${'b'.repeat(150)}`)).toBe(`${'\\x0a'.repeat(150)}…${'b'.repeat(150)}`);
});
