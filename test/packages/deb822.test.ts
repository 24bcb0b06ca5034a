import { alternativesIn, paragraphs } from '../../lib/packages/deb822';

const read = (text: string) => [...paragraphs(text)].map((fields) => Object.fromEntries(fields));

test('paragraphs are separated by one or more blank lines, even with spaces in them', () => {
  expect(read('A: 1\n\nB: 2\n \t\nC: 3\n\n\n\nD: 4')).toEqual([{ a: '1' }, { b: '2' }, { c: '3' }, { d: '4' }]);
  expect(read('\n\nA: 1\n\n')).toEqual([{ a: '1' }]);
  expect(read('')).toEqual([]);
});

test('field names are not case-sensitive, and a value may contain colons or be empty', () => {
  expect(read('PACKAGE: a\nhomepage:https://host:80/\nEmpty:\n')).toEqual([{ package: 'a', homepage: 'https://host:80/', empty: '' }]);
});

test('a value continues in lines that begin with a blank, and comments are not part of it', () => {
  expect(read('Depends: a,\n# comment\n b | c,\n\td\nNext: 1\n')).toEqual([{ depends: 'a,\nb | c,\nd', next: '1' }]);
});

test('a line that is not a field is skipped with its continuation lines', () => {
  expect(read('continuation of nothing\n text\nA: 1\nno colon\n more\nB: 2\n')).toEqual([{ a: '1', b: '2' }]);
});

test('relations are lists of alternatives', () => {
  expect(alternativesIn('a (>= 1) | b:any,\nc [amd64], , d<!nocheck>')).toEqual([['a', 'b'], ['c'], ['d<!nocheck>']]);
  expect(alternativesIn('')).toEqual([]);
});

test.each([
  ['blanks', `A:${' '.repeat(1_000_000)}x\n`],
  ['lines without a colon', 'x\n'.repeat(500_000)],
  ['blank lines', ' \n'.repeat(500_000)],
  ['one value of many lines', `A: 1\n${' y\n'.repeat(200_000)}`],
])('a text of a megabyte of %s is read completely', (_, text) => {
  expect(read(`${text}\n\nLast: 1\n`).at(-1)).toEqual({ last: '1' });
});
