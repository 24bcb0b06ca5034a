import { readTraceLog } from '../../lib/trace/log';

const opened = (text: string) => readTraceLog(text, '/work').map(({ path }) => path);
const CALL = 'openat(AT_FDCWD, "file", O_RDONLY) = 3';

test.each([
  ['nothing', ''],
  ['the number of the process', '4711  '],
  ['the same in brackets', '[pid  4711] '],
  ['a time of day', '12:34:56.789 '],
  ['both', '4711 12:34:56.789 '],
  ['both in brackets, and the time since the last call', '[pid 4711] 12:34:56 (+     0.000123) '],
  ['the time since the last call', '     0.000123 '],
])('a line of a log may begin with %s', (_, prefix) => {
  expect(opened(`${prefix}${CALL}\n`)).toEqual(['/work/file']);
});

test('calls are put together by the number of their process', () => {
  expect(opened([
    '1 chdir("/one") = 0',
    '2  chdir("/two") = 0',
    '1 openat(AT_FDCWD, "a", <unfinished ...>',
    '2  openat(AT_FDCWD, "b", O_RDONLY) = 3',
    '1 <... openat resumed>O_RDONLY) = 3',
  ].join('\n'))).toEqual(['/one/a', '/two/b']);
});

test('a line of blanks is passed over as quickly as any', () => {
  const started = performance.now();
  const blanks = ' '.repeat(200_000);
  expect(opened(`${CALL}\n1${blanks}\n[pid 1] ${blanks}1${blanks}\n${blanks}.\n`)).toEqual(['/work/file']);
  expect(performance.now() - started).toBeLessThan(1000);
});
