import { shown, visible } from '../../lib/process/command';

describe('a text for a terminal', () => {
  test.each([
    ['a line feed', 'a\nb', 'a\\x0ab'],
    ['an escape', 'a\x1b[2J', 'a\\x1b[2J'],
    ['the same in one character, CSI', 'a\x9b31m', 'a\\x9b31m'],
    ['another control character of ISO 8859', 'a\x80', 'a\\x80'],
    ['a mark that ends a line', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['a mark that turns the direction', '\u202egpj.exe\u2066', '\\u202egpj.exe\\u2066'],
  ])('shows %s as it is written in C', (_, text, shownAs) => {
    expect(visible(text)).toBe(shownAs);
  });

  test('has tabs, and letters of all languages', () => {
    expect(visible('a\tö العربية')).toBe('a\tö العربية');
  });
});

test('of a long name the two ends are shown', () => {
  expect(shown('a'.repeat(300))).toBe('a'.repeat(300));
  expect(shown(`${'\n'.repeat(150)}middle${'b'.repeat(150)}`)).toBe(`${'\\x0a'.repeat(150)}…${'b'.repeat(150)}`);
});
