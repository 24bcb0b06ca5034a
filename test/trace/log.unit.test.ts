import { readTraceLog } from '../../lib/trace/log';

const opened = (text: string) => readTraceLog(text, '/work').opened.map(({ path }) => path);
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

test('the parts of a call are joined by process number', () => {
  expect(opened([
    '1 chdir("/one") = 0',
    '2  chdir("/two") = 0',
    '1 openat(AT_FDCWD, "a", <unfinished ...>',
    '2  openat(AT_FDCWD, "b", O_RDONLY) = 3',
    '1 <... openat resumed>O_RDONLY) = 3',
  ].join('\n'))).toEqual(['/one/a', '/two/b']);
});

test('long runs of blanks are skipped', () => {
  const blanks = ' '.repeat(200_000);
  expect(opened(`${CALL}\n1${blanks}\n[pid 1] ${blanks}1${blanks}\n${blanks}.\n`)).toEqual(['/work/file']);
});

test('working directories of processes, threads and children, and directories of descriptors are tracked', () => {
  expect(opened([
    '1 chdir("/one") = 0',
    '1 openat(AT_FDCWD, "sub", O_RDONLY|O_DIRECTORY) = 3',
    '1 openat(3, "a", O_RDONLY) = 4',
    '1 dup2(3, 9) = 9',
    '1 clone(child_stack=NULL, flags=CLONE_FS|CLONE_FILES|CLONE_THREAD) = 2',
    '2 fchdir(9) = 0',
    '1 open("b", O_RDONLY) = 5',
    '1 vfork() = 3',
    '3 chdir("..") = 0',
    '3 execve("./c", ["c"], 0x7ffd /* 3 vars */) = 0',
    '1 openat2(AT_FDCWD, "d", {flags=O_RDONLY, resolve=0}, 24) = 6',
  ].join('\n'))).toEqual(['/one/sub', '/one/sub/../c', '/one/sub/a', '/one/sub/b', '/one/sub/d']);
});

test('a child that runs before the log reports its creation is a child of the process that is creating one', () => {
  expect(opened([
    '1 chdir("/one") = 0',
    '2 chdir("/two") = 0',
    '1 clone(child_stack=NULL, flags=SIGCHLD <unfinished ...>',
    '2 open("a", O_RDONLY) = 3',
    '3 open("b", O_RDONLY) = 3',
    '1 <... clone resumed>) = 3',
  ].join('\n'))).toEqual(['/one/b', '/two/a']);
});

test('a renamed file has its last name, and so do files in a renamed directory', () => {
  expect(opened([
    'open("/old/file", O_RDONLY) = 3',
    'open("/old/other", O_RDWR|O_CREAT) = 4',
    'rename("/old/other", "/old/renamed") = 0',
    'renameat2(AT_FDCWD, "/old", AT_FDCWD, "/new", RENAME_NOREPLACE) = 0',
    'rename("/new/file", "/elsewhere") = -1 EXDEV (Invalid cross-device link)',
  ].join('\n'))).toEqual(['/new/file', '/new/renamed']);
});

test('files that were looked for in vain, looked at, or listed are kept separate from opened files', () => {
  expect(readTraceLog([
    'open("/none", O_RDONLY) = -1 ENOENT (No such file or directory)',
    'newfstatat(AT_FDCWD, "asked", {st_mode=S_IFREG|0644, st_size=3, ...}, 0) = 0',
    'newfstatat(3</opened>, "", {st_mode=S_IFREG|0644, ...}, AT_EMPTY_PATH) = 0',
    'access("/etc/suid-debug", F_OK) = -1 ENOENT (No such file or directory)',
    'openat(AT_FDCWD, "/listed", O_RDONLY|O_DIRECTORY) = 3</listed>',
    'getdents64(3</listed>, 0x55 /* 4 entries */, 32768) = 112',
    'open("/written", O_WRONLY|O_CREAT, 0666) = 4',
  ].join('\n'), '/work')).toMatchObject({
    looked: ['/etc/suid-debug', '/none', '/opened', '/work/asked'],
    listed: ['/listed'],
    opened: [{ path: '/listed' }],
  });
});

test.each([
  ['strings without an end', `open("${'\\'.repeat(100_000)}`],
  ['brackets without an end', `open(${'['.repeat(100_000)}`],
  ['a call that is never finished', 'open("a" <unfinished ...>\n'.repeat(10_000)],
  ['a call of thousands of words', `execve("/bin/a", [${'"word", '.repeat(50_000)}"end"], NULL) = 0`],
  ['thousands of renames', Array.from({ length: 20_000 }, (_, at) => `rename("/a${at}", "/a${at + 1}") = 0`).join('\n')],
])('a log with %s is read completely', (_, text) => {
  expect(opened(`${CALL}\n${text}\n`)).toContain('/work/file');
});

test.each(['', 'not a log\n', 'open(\n', '+++ exited with 0 +++\n'])('%j is not a log of strace', (text) => {
  expect(() => readTraceLog(text, '/work')).toThrow(
    'this is not a log of strace: found no system call in it, expected what strace -f -o LOG COMMAND writes',
  );
});
